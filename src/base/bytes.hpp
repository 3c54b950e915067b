// SPDX-License-Identifier: Apache-2.0
// Bytes and their text forms. Byte strings travel as std::string / std::string_view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
std::string base64url(std::string_view bytes);

// Strict inverse of base64url(): nullopt for padding, any other alphabet, a length of 4k+1, or unused
// trailing bits that are not zero. So one byte string has exactly one text.
std::optional<std::string> from_base64url(std::string_view text);

// Standard Base64 with padding (RFC 4648 §4).
std::string base64(std::string_view bytes);
// Standard Base64 with optional padding (RFC 4648 §4), for imported password hashes.
std::optional<std::string> from_base64(std::string_view text);

// Compares secrets in time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// The bytes that percent-encoded text stands for (RFC 3986 §2.1); nullopt for a `%` without two hexadecimal
// digits.
std::optional<std::string> percent_decode(std::string_view text);
// The same of application/x-www-form-urlencoded, where `+` is a space: bodies and queries.
std::optional<std::string> from_form(std::string_view text);

// Percent-encodes every byte outside RFC 3986 §2.3 unreserved, plus those in `keep`.
std::string percent_encode(std::string_view bytes, std::string_view keep = "");

}  // namespace coatcheck::base
