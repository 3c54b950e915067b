// SPDX-License-Identifier: Apache-2.0
// Columns and how they are read, once for all queries.
#pragma once

#include "auth/types.hpp"
#include "store/database.hpp"
#include "verify/revocations.hpp"

#define USER_COLUMNS \
    "u.id, u.username, u.email, u.enabled, u.version, u.roles, u.claims, u.password_hash, u.created"
#define SESSION_COLUMNS                                                                                   \
    "s.id, s.user_id, s.secret_hash, s.renewed_from, s.renewed, s.counter, s.rotated_1, s.rotated_2, "    \
    "s.rotated_3, s.rotated_4, "                                                                          \
    "s.delivery, s.device, s.address, s.created, s.last_used, s.idle_end, s.absolute_end, s.access_end, " \
    "s.ended, s.status, s.older_end"

namespace coatcheck::store {

inline constexpr int session_columns = 21;

// From `first` on, in the order of USER_COLUMNS.
auth::User read_user(const Query& row, int first);
// From column 0 on, in the order of SESSION_COLUMNS.
auth::Session read_session(const Query& row);
// kind, subject, minimum, expires, id.
verify::Revocation read_revocation(const Query& row);
// Lists are kept as text, an element a line.
std::string joined(const std::vector<std::string>& lines);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace coatcheck::store
