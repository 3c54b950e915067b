// SPDX-License-Identifier: Apache-2.0
// The life of a session after sign-in: refresh, and the ways it ends. All are store steps.
#pragma once

#include "auth/sign_in.hpp"
#include "token/claims.hpp"
#include "token/refresh_token.hpp"

#include <string>

namespace coatcheck::auth {

// What the store is asked for a refresh token.
RotateRequest rotation_of(const Policy& policy, const token::RefreshToken& presented, bool by_cookie);

// Rotates, or gives the current token again; ends the session on reuse (refresh_token_reused). session_ended
// otherwise.
base::Result<Granted> refresh(Store& store, const Policy& policy, const base::Secret& mac_key,
                              const token::RefreshToken& presented, const RotateRequest& rotation,
                              const std::string& address);

// Gives a live session a new secret and all that minting needs, so that a password change outdates the
// refresh tokens that were there before. The new secret is derived from the MAC key and the old one's hash: a
// client whose answer was lost gets it again by its old token within the grace, and still neither the
// database nor the key alone can forge it.
base::Result<Granted> renew(Store& store, const Policy& policy, const base::Secret& mac_key,
                            const std::string& session);

// A session and its user; each is empty if the store does not have it.
struct SessionAndUser {
    std::optional<Session> session;
    std::optional<User> user;
};
SessionAndUser find_session_and_user(ReadStore& store, const std::string& session, const std::string& user);
// The live session of which this is the current refresh token, and its enabled user; nothing otherwise.
std::optional<SessionAndUser> find_by_refresh_token(ReadStore& store, const token::RefreshToken& presented);

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
