// SPDX-License-Identifier: Apache-2.0
// Rules for passwords when one is set, and for hashes that another system computed.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace coatcheck::auth {

// The text to hash, in NFC: `min_length` to 512 code points, at most 1024 bytes, not a common password or one
// made of the name. password_too_short, password_too_long, password_too_common, invalid_member (not UTF-8).
base::Result<std::string> checked_password(std::string_view text, std::size_t min_length,
                                           std::string_view username);
// A hash that crypto::is_known_hash() can check, or invalid_member.
base::Result<std::string> checked_password_hash(std::string_view text);

}  // namespace coatcheck::auth
