// SPDX-License-Identifier: Apache-2.0
// Store operations on users. Names and e-mail addresses are unique in folded form.
#pragma once

#include "auth/types.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

// Selects users whose name or e-mail address begins with `prefix` and whose name comes after `after`. Both
// are folded, or empty.
struct UserPage {
    std::size_t limit = 100;
    std::string after = "", prefix = "";
};

class UserReads {
public:
    virtual ~UserReads() = default;
    virtual std::optional<User> find_user(const std::string& id) = 0;
    // Finds a user by name or e-mail address.
    virtual std::optional<User> find_user_by_login(const std::string& folded) = 0;
    // Ordered by folded name.
    virtual std::vector<User> list_users(const UserPage& page) = 0;
    // The ids of all disabled users.
    virtual std::vector<std::string> disabled_users() = 0;
};

class UserWrites {
public:
    virtual ~UserWrites() = default;
    // Refuses with username_taken or email_taken.
    virtual base::Result<void> insert_user(const User& user) = 0;
    // As find_user(). Until this step ends, no other step changes the user or opens a session for the user.
    virtual std::optional<User> lock_user(const std::string& id) = 0;
    // Writes every column except `created`. username_taken, email_taken.
    virtual base::Result<void> update_user(const User& user) = 0;
    // Replaces the hash if it is still `expected`, without raising the user's version. False: it was not
    // replaced.
    virtual bool replace_password_hash(const std::string& user, const std::string& expected,
                                       const std::string& hash) = 0;
    // Deletes the user and all of their sessions.
    virtual void delete_user(const std::string& id) = 0;
};

}  // namespace coatcheck::auth
