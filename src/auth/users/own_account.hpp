// SPDX-License-Identifier: Apache-2.0
// What a user does with the own account: sign-up, and changes that need the current password. All are store
// steps, except for the rule of sign-up.
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "auth/store.hpp"
#include "token/claims.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

// The user that a sign-up asks for, without a password; or what is wrong with the name or the address.
base::Result<User> checked_sign_up(const std::string& username, const std::optional<std::string>& email);
// Asks the limit of the address: too_many_attempts, or a slot that is held until finish_sign_up().
base::Result<AttemptsInFlight::Slot> begin_sign_up(Store& store, AttemptsInFlight& in_flight,
                                                   const Actor& by);
// create_user() for a stranger. A refusal is charged to the address, because it tells who has an account.
base::Result<User> finish_sign_up(Store& store, const Policy& policy, const User& user, const Actor& by);

// Confirming the own account's password, as the edge sequences it: begin_confirmation() (store) →
// check_password() (hashing pool) → the change, or fail_confirmation() (store).
base::Result<Candidate> begin_confirmation(Store& store, AttemptsInFlight& in_flight,
                                           const token::AccessClaims& claims, const Actor& by);
void fail_confirmation(Store& store, const token::AccessClaims& claims, const Candidate& candidate,
                       const Actor& by);

// The changes that a user makes to the own account, after confirming the password. If the session has ended,
// the user was disabled, or the password hash is no longer `expected`, that change came first and wins:
// session_ended.
base::Result<User> set_own_email(Store& store, const token::AccessClaims& claims, const std::string& expected,
                                 const std::optional<std::string>& email, const Actor& by);
base::Result<void> delete_own_account(Store& store, const Policy& policy, const token::AccessClaims& claims,
                                      const std::string& expected, const Actor& by);
// Sets the password of the user whose session this is, and gives the session new tokens; all other sessions
// end.
base::Result<Granted> change_own_password(Store& store, const Policy& policy, const base::Secret& mac_key,
                                          const token::AccessClaims& claims, const std::string& expected,
                                          const std::string& hash, const Actor& by);

}  // namespace coatcheck::auth
