// SPDX-License-Identifier: Apache-2.0
// The life of a session after sign-in: refresh, renewal, and finding it by its refresh token. All are store
// steps.
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "auth/store.hpp"
#include "token/refresh_token.hpp"

#include <optional>
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

}  // namespace coatcheck::auth
