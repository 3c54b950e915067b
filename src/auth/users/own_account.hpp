// SPDX-License-Identifier: Apache-2.0
// Actions of users on their own account: sign-up, and changes that need the current password. All are store
// steps, except checked_sign_up().
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "auth/store.hpp"
#include "token/claims.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

// Returns the user that a sign-up asks for, without a password. Refuses an invalid name or e-mail address
// (invalid_member).
base::Result<User> checked_sign_up(const std::string& username, const std::optional<std::string>& email);
// Checks the limits of the client's address. Returns a slot, to be held until finish_sign_up(), or
// too_many_attempts.
base::Result<AttemptsInFlight::Slot> begin_sign_up(Store& store, AttemptsInFlight& in_flight,
                                                   const Actor& by);
// create_user() for a client that is not signed in. It is charged to the client's address: a success to the
// limit of sign-ups; a refusal to the limit of guesses, because it tells the client which names and e-mail
// addresses are in use.
base::Result<User> finish_sign_up(Store& store, const Policy& policy, const User& user, const Actor& by);

// Confirmation of the user's own password. src/web calls these in order: begin_confirmation() (store) →
// a proof (auth/factors; a password in the hashing pool) → the change, or fail_confirmation() (store).
// begin_confirmation() refuses with too_many_attempts, or with token_revoked if the name in the token is no
// longer the user's.
base::Result<Candidate> begin_confirmation(Store& store, AttemptsInFlight& in_flight,
                                           const base::Secret& mac_key, const token::AccessClaims& claims,
                                           const Actor& by);
void fail_confirmation(Store& store, const token::AccessClaims& claims, const Candidate& candidate,
                       const Actor& by);

// Changes that a user makes after confirming the password. If another change came first, it wins.
// session_ended: the session has ended, or the user was disabled. invalid_credentials: the password hash is
// no longer `expected`. too_many_attempts: set_own_email() has said email_taken too often.
base::Result<User> set_own_email(Store& store, const token::AccessClaims& claims, const std::string& expected,
                                 const std::optional<std::string>& email, const Actor& by);
base::Result<void> delete_own_account(Store& store, const Policy& policy, const token::AccessClaims& claims,
                                      const std::string& expected, const Actor& by);
// Sets the password, gives the session of `claims` new tokens, and ends all other sessions.
base::Result<Granted> change_own_password(Store& store, const Policy& policy,
                                          const token::AccessClaims& claims, const std::string& expected,
                                          const std::string& hash, const Actor& by);

}  // namespace coatcheck::auth
