// SPDX-License-Identifier: Apache-2.0
// The columns of users and sessions, and how rows are read, once for all queries.
#pragma once

#include "auth/types.hpp"
#include "store/sql/database.hpp"
#include "store/sql/text.hpp"
#include "verify/revocations.hpp"

namespace coatcheck::store {

// What a query selects of users u and sessions s.
inline constexpr SqlText user_columns =
    "u.id, u.username, u.email, u.enabled, u.version, u.roles, u.claims, u.password_hash, u.created";
inline constexpr SqlText session_columns =
    "s.id, s.user_id, s.secret_hash, s.renewed_from, s.counter, "
    "s.rotated_1, s.rotated_2, s.rotated_3, s.rotated_4, s.delivery, s.device, s.address, s.created, "
    "s.last_used, s.idle_end, s.absolute_end, s.access_end, s.ended, s.status, s.older_end, s.amr, "
    "s.client_id, s.scope, s.resources, s.parent, s.auth_time";
// True for a session that can still be refreshed; its user may be disabled. Binds $1 now.
inline constexpr SqlText is_live = "s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1";
inline constexpr int user_column_count = 9, session_column_count = 26;

// Reads user_columns, in their order, from column `first` on.
auth::User read_user(const Query& row, int first);
// Reads session_columns, in their order, from column 0 on.
auth::Session read_session(const Query& row);
// Reads kind, subject, minimum, expires, id.
verify::Revocation read_revocation(const Query& row);
// Lists are stored as text, one element per line.
std::string joined(const std::vector<std::string>& lines);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace coatcheck::store
