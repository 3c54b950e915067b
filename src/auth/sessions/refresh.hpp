// SPDX-License-Identifier: Apache-2.0
// A session after sign-in: refresh, renewal of its secret, and finding it by its refresh token. All are
// store steps, except rotation_of().
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "auth/store.hpp"
#include "token/refresh_token.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

// The rotation that the store is to make for this refresh token. `by_cookie`: the token came as a cookie.
RotateRequest rotation_of(const Policy& policy, const token::RefreshToken& presented, bool by_cookie);

// Rotates the refresh token, or returns the current one again within the grace. refresh_token_reused: the
// token was used again after the grace, and this step ends the session. refresh_token_malformed: it came as
// a cookie, but its session delivers tokens in bodies. session_ended: in all other cases.
base::Result<Granted> refresh(Store& store, const Policy& policy, const token::RefreshToken& presented,
                              const RotateRequest& rotation, const std::string& address);

// Gives a live session a new secret after a password change. Its earlier refresh tokens are invalid at once,
// without a grace, because one of them may be stolen (RFC 9700 §4.14). Returns all that minting needs, or
// session_ended.
base::Result<Granted> renew(Store& store, const Policy& policy, const std::string& session);

// A session and its user; each is empty if the store does not have it.
struct SessionAndUser {
    std::optional<Session> session;
    std::optional<User> user;
};
SessionAndUser find_session_and_user(ReadStore& store, const std::string& session, const std::string& user);
// Returns the live session whose current refresh token this is, and its enabled user; nullopt otherwise.
std::optional<SessionAndUser> find_by_refresh_token(ReadStore& store, const token::RefreshToken& presented);

}  // namespace coatcheck::auth
