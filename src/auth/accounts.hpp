// SPDX-License-Identifier: Apache-2.0
// Accounts: rules for names and passwords, and the changes that reach live tokens. Store steps, but for the
// rules.
#pragma once

#include "auth/sign_in.hpp"
#include "auth/store.hpp"
#include "token/claims.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

// NFC, 1 to 64 code points, nothing invisible, no '@', no space at an end: the name, or invalid_member.
base::Result<std::string> checked_username(std::string_view text);
// NFC, one '@' with something before and after, at most 254 bytes.
base::Result<std::string> checked_email(std::string_view text);
// NFC, `min_length` to 512 code points, at most 1024 bytes, not a common or derived one: the text to hash.
base::Result<std::string> checked_password(std::string_view text, std::size_t min_length,
                                           std::string_view username);

// At most 32 of 1 to 64 visible bytes each, 512 together, for they travel in every token: the roles, or
// invalid_member.
base::Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles);
// The application's own claims: a JSON object of at most 1024 bytes, without names of the protocol's own (RFC
// 9068 §2.2).
base::Result<std::string> checked_claims(std::string_view json);
// An id that a user brings along: 1 to 64 characters of visible ASCII, not . or .., or invalid_member.
base::Result<std::string> checked_id(std::string_view text);
// One that can be checked here (crypto::is_known_hash), or invalid_member.
base::Result<std::string> checked_password_hash(std::string_view text);

// The user that a sign-up asks for, without a password; or what is wrong with the name or the address.
base::Result<User> checked_sign_up(const std::string& username, const std::optional<std::string>& email);
// Asks the limit of the address: too_many_attempts, or a slot that is held until finish_sign_up().
base::Result<AttemptsInFlight::Slot> begin_sign_up(Store& store, AttemptsInFlight& in_flight,
                                                   const Actor& by);
// create_user() for a stranger. A refusal is charged to the address, because it tells who has an account.
base::Result<User> finish_sign_up(Store& store, const Policy& policy, const User& user, const Actor& by);

// Inserts a user; an empty id is made here. id_taken, username_taken, email_taken.
base::Result<User> create_user(Store& store, const Policy& policy, User user, const Actor& by);

// A change of a user by an administrator: the API's, the command line's. What is absent stays as it is.
struct UserChange {
    bool sets_email = false;
    std::optional<std::string> email;  // if sets_email; nothing: the address is removed
    std::optional<std::vector<std::string>> roles;
    std::optional<std::string> claims;
    std::optional<std::string> password_hash;
    std::optional<bool> enabled;
};
// The user as changed; not_found, email_taken. If it is refused, nothing has changed.
base::Result<User> change_user(Store& store, const Policy& policy, const std::string& user,
                               const UserChange& change, const Actor& by);

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

// Raises `ver`, ends all sessions except one, and revokes older tokens. False: there is no such user, or the
// hash is no longer `expected` (nullopt: whatever it is).
bool set_password(Store& store, const Policy& policy, const std::string& user,
                  const std::optional<std::string>& expected, const std::string& hash,
                  const std::string& except, const Actor& by);
// Disabling ends all sessions and revokes all tokens, foreign ones for good. Enabling revives nothing. False:
// there is no such user.
bool set_enabled(Store& store, const Policy& policy, const std::string& user, bool enabled, const Actor& by);
// New roles or claims make live tokens stale. False: there is no such user.
bool set_attributes(Store& store, const Policy& policy, const std::string& user,
                    const std::optional<std::vector<std::string>>& roles,
                    const std::optional<std::string>& claims, const Actor& by);
// session_ended: there is no such user. email_taken.
base::Result<User> set_email(Store& store, const std::string& user, const std::optional<std::string>& email,
                             const Actor& by);
// Ends all sessions, revokes all tokens, and deletes the user. False: there is no such user.
bool delete_user(Store& store, const Policy& policy, const std::string& user, const Actor& by);

}  // namespace coatcheck::auth
