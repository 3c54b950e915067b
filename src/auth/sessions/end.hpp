// SPDX-License-Identifier: Apache-2.0
// The ways in which a session ends. All are store steps: the tokens are refused as soon as the step commits.
#pragma once

#include "auth/store.hpp"
#include "token/claims.hpp"

#include <string>

namespace coatcheck::auth {

// Revokes a session's place in the Token Status Lists, if it has one: it stands for all tokens of the session
// until now.
void revoke_status(Store& store, const Session& session);

// Revokes the tokens that other issuers made for the user: those made until now, or all for good (disabled,
// deleted).
enum class Foreign { until_now, for_good };
void revoke_foreign(Store& store, const Policy& policy, const std::string& user, Foreign which);

// Ends the session. Its tokens are refused as soon as the step commits. False if it had ended before, or does
// not exist.
bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by);

// Ends the session if it is the user's own. Somebody else's session looks the same as none: false.
bool end_own_session(Store& store, const std::string& user, const std::string& session, const Actor& by);

// Ends the session that a foreign token names, and revokes the token itself, whether it was exchanged for a
// session or not. False if both were over before.
bool end_foreign(Store& store, const token::AccessClaims& claims, const Actor& by);

// Ends the session for somebody who presents a refresh token of it; `secret_hash` is the token's. False if
// the token does not belong to the session, or the session had ended.
bool end_presented_session(Store& store, const std::string& session, const crypto::SecretHash& secret_hash,
                           const std::string& address);

// Ends all of the user's sessions except one (empty: all), and revokes the foreign tokens made until now.
// False if there is no such user.
bool end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by);

}  // namespace coatcheck::auth
