// SPDX-License-Identifier: Apache-2.0
// The statements that rotate a refresh token. Each checks, in one go, that the token is current and that its
// session is live and its user enabled, and then rotates. Both engines' text stands side by side in
// rotation.cpp, below the rule for every other token (SqlStore::rotate_refresh()).
#pragma once

#include "auth/store/sessions.hpp"
#include "base/time.hpp"
#include "store/sql/database.hpp"

#include <cstddef>
#include <string>

namespace coatcheck::store {

// One rotation. Binds: $1 now, $2 idle, $3 access life, $4 session, $5 user, $6 secret hash, $7 counter, $8
// grace, $9 whether the token came as a cookie.
extern const char* const rotate_on_sqlite;    // changes one row, or none
extern const char* const rotate_on_postgres;  // returns session and user (store/sql/rows.hpp), or no row
Query& bind_rotation(Query& query, base::Timestamp now, const auth::RotateRequest& request);

// Up to `size` rotations with the same idle, access life and grace. Binds: $1 now, $2 idle, $3 access life,
// $4 grace, and then six parameters for each request: its number, session, user, secret hash, counter,
// whether it came as a cookie. Returns session, user and the request's number for each that was current.
std::string rotate_many_on_postgres(std::size_t size);

// Begins anew the grace of up to `size` rotations whose rows are as they left them. Binds: $1 now, and then
// six parameters for each: its number, user, session, counter of the superseded token, rotated_1, last_used.
// Returns the numbers of those that it has changed.
std::string renew_graces_on_postgres(std::size_t size);

}  // namespace coatcheck::store
