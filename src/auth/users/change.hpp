// SPDX-License-Identifier: Apache-2.0
// Creates, changes and deletes users. All are store steps. Each function says which of the user's tokens it
// revokes.
#pragma once

#include "auth/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

// Inserts a user; an empty id is replaced by a random one. id_taken, username_taken, email_taken.
base::Result<User> create_user(Store& store, const Policy& policy, User user, const Actor& by);

// A change of a user through the admin API or the command line. Absent members stay as they are.
struct UserChange {
    bool sets_email = false;
    std::optional<std::string> email;  // used if sets_email; nullopt removes the address
    std::optional<std::vector<std::string>> roles;
    std::optional<std::string> claims;
    std::optional<std::string> password_hash;
    std::optional<bool> enabled;
};
// Returns the changed user. not_found, email_taken: then nothing has changed.
base::Result<User> change_user(Store& store, const Policy& policy, const std::string& user,
                               const UserChange& change, const Actor& by);

// Raises `ver`, ends all sessions except `except`, and revokes older tokens. False: there is no such user,
// or the hash is no longer `expected` (nullopt: any hash will do).
bool set_password(Store& store, const Policy& policy, const std::string& user,
                  const std::optional<std::string>& expected, const std::string& hash,
                  const std::string& except, const Actor& by);
// Disabling ends all sessions and revokes all tokens, foreign tokens for good. Enabling makes none of them
// valid again, and ends a row of failed sign-ins (auth/limits.hpp). False: there is no such user.
bool set_enabled(Store& store, const Policy& policy, const std::string& user, bool enabled, const Actor& by);
// Sets roles or claims (nullopt: unchanged). Tokens that are live now become stale. False: there is no such
// user.
bool set_attributes(Store& store, const Policy& policy, const std::string& user,
                    const std::optional<std::vector<std::string>>& roles,
                    const std::optional<std::string>& claims, const Actor& by);
// Sets or removes the e-mail address. session_ended: there is no such user. email_taken.
base::Result<User> set_email(Store& store, const std::string& user, const std::optional<std::string>& email,
                             const Actor& by);
// Ends all sessions, revokes all tokens, and deletes the user. False: there is no such user.
bool delete_user(Store& store, const Policy& policy, const std::string& user, const Actor& by);

}  // namespace coatcheck::auth
