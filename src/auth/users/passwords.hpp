// SPDX-License-Identifier: Apache-2.0
// Rules for new passwords, and for password hashes that another system computed.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace coatcheck::auth {

// Returns the text to hash, in NFC. The password must have `min_length` to 512 code points and at most 1024
// bytes, and be neither common nor made from the user's name. password_too_short, password_too_long,
// password_too_common, invalid_member (not UTF-8).
base::Result<std::string> checked_password(std::string_view text, std::int64_t min_length,
                                           std::string_view username);
// Returns the hash as it is stored (crypto::importable_hash()), or invalid_member.
base::Result<std::string> checked_password_hash(std::string_view text);

}  // namespace coatcheck::auth
