// SPDX-License-Identifier: Apache-2.0
// Accounts: rules for names and passwords, and the changes that reach live tokens. Store steps, but for the
// rules.
#pragma once

#include "auth/store.hpp"

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

base::Result<User> create_user(Store& store, const Policy& policy, User user, const Actor& by);

// Raises `ver` and ends all sessions but `except`; older tokens are revoked. False: no such user, or the hash
// is no longer `expected` (nullopt: whatever it is).
bool set_password(Store& store, const Policy& policy, const std::string& user,
                  const std::optional<std::string>& expected, const std::string& hash,
                  const std::string& except, const Actor& by);
// Disabling ends all sessions and revokes all tokens, those of others for good; enabling revives nothing.
bool set_enabled(Store& store, const Policy& policy, const std::string& user, bool enabled, const Actor& by);
// New roles or claims make live tokens stale.
bool set_attributes(Store& store, const Policy& policy, const std::string& user,
                    const std::optional<std::vector<std::string>>& roles,
                    const std::optional<std::string>& claims, const Actor& by);
base::Result<User> set_email(Store& store, const std::string& user, const std::optional<std::string>& email,
                             const Actor& by);
bool delete_user(Store& store, const Policy& policy, const std::string& user, const Actor& by);

}  // namespace coatcheck::auth
