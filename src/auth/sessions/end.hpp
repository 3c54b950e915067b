// SPDX-License-Identifier: Apache-2.0
// The ways in which a session ends. All are store steps: the session's tokens are refused as soon as the
// step commits.
#pragma once

#include "auth/store.hpp"
#include "token/claims.hpp"

#include <string>

namespace coatcheck::auth {

// Revokes the session's index in the Token Status Lists, if it has one. All tokens that the session got
// until now state this index.
void revoke_status(Store& store, const Session& session);

// Revokes the user's foreign tokens: those issued until now, or all of them for good (the user was disabled
// or deleted).
enum class Foreign { until_now, for_good };
void revoke_foreign(Store& store, const Policy& policy, const std::string& user, Foreign which);

// Ends the session, and writes `event` to the audit log. False: it had ended before, or does not exist.
bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by);

// Ends the session if it belongs to the user. False otherwise; the answer does not tell whether the session
// of another user exists.
bool end_own_session(Store& store, const std::string& user, const std::string& session, const Actor& by);

// Ends the session that was opened with a foreign token, if any, and revokes the token itself. False: both
// were over before.
bool end_foreign(Store& store, const token::AccessClaims& claims, const Actor& by);

// Ends the session for a client that presents one of its refresh tokens; `secret_hash` is the hash of that
// token's secret. False: the token does not belong to the session, or the session had ended.
bool end_presented_session(Store& store, const std::string& session, const crypto::SecretHash& secret_hash,
                           const std::string& address);

// Ends all of the user's sessions except `except` (empty: all), and revokes the foreign tokens that were
// issued until now. False: there is no such user.
bool end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by);

}  // namespace coatcheck::auth
