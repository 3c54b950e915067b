// SPDX-License-Identifier: Apache-2.0
// Making, changing and deleting users. All are store steps. Changes reach live tokens: each says which it
// revokes.
#pragma once

#include "auth/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

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
