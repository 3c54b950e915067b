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

// Takes back a session's place in the Token Status Lists, if it has one: what its tokens were until now.
void revoke_status(Store& store, const Session& session);

// Takes back what others issued to the user: until now, or for good (disabled, deleted), whoever issues more
// of them.
enum class Foreign { until_now, for_good };
void revoke_foreign(Store& store, const Policy& policy, const std::string& user, Foreign which);

// Ends it; its tokens fail as soon as the step commits. False if it had ended already.
bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by);

// The same by a token of an older system, which may have been exchanged for the session or not: it is over
// either way. False if it was over already.
bool end_foreign(Store& store, const token::AccessClaims& claims, const Actor& by);

// The same by the word of whoever presents a refresh token of it: `secret_hash` is the token's.
bool end_presented_session(Store& store, const std::string& session, const std::string& secret_hash,
                           const std::string& address);

// Ends all of the user's sessions but `except` (empty: all), and what others issued to the user until now.
void end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by);

}  // namespace coatcheck::auth
