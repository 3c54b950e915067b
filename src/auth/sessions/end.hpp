// SPDX-License-Identifier: Apache-2.0
// The ways in which a session ends. All are store steps: the session's tokens are refused as soon as the
// step commits.
#pragma once

#include "auth/store.hpp"
#include "token/claims.hpp"

#include <string>

namespace coatcheck::auth {

// Ends the session, and writes `event` to the audit log. With a browser's session end the grants that were
// given in it, but not those with the scope offline_access. False: it had ended before, or does not exist.
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

// Ends the live sessions of the user of `newest` that are more than policy.sessions_per_user allows, those
// first that were not used for the longest time (of a few hundred, if there are more); at most 100 at a time.
void end_excess_sessions(Store& store, const Policy& policy, const Session& newest, const Actor& by);

// Ends all of the user's sessions except `except` (empty: all), and revokes the foreign tokens that were
// issued until now. If it ends all, it raises `ver`, so that one revocation covers them. False: there is no
// such user.
bool end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by);

}  // namespace coatcheck::auth
