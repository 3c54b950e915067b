// SPDX-License-Identifier: Apache-2.0
// Rules for a user's name, e-mail address, id, roles and claims. All functions refuse with invalid_member.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

// Returns the name in NFC: 1 to 64 code points, all visible, no @, no space at either end.
base::Result<std::string> checked_username(std::string_view text);
// Returns the address in NFC: one @ with something before and after it, no spaces, at most 254 bytes.
base::Result<std::string> checked_email(std::string_view text);
// At most 32 roles of 1 to 64 visible bytes each, 512 bytes together, because roles travel in every token.
base::Result<std::vector<std::string>> checked_roles(std::vector<std::string> roles);
// The application's own claims: a JSON object of at most 1024 bytes, without names that belong to the
// protocol (RFC 9068 §2.2).
base::Result<std::string> checked_claims(std::string_view json);
// The id of an imported user: 1 to 64 characters of visible ASCII, and not . or ..
base::Result<std::string> checked_id(std::string_view text);

}  // namespace coatcheck::auth
