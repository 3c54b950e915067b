// SPDX-License-Identifier: Apache-2.0
// Text encodings of byte strings. The project holds byte strings in std::string and std::string_view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
std::string base64url(std::string_view bytes);

// Strict inverse of base64url(). Returns nullopt for padding, for a character outside the alphabet, for a
// length of 4k+1, and for unused trailing bits that are not zero. So each byte string has exactly one valid
// text.
std::optional<std::string> from_base64url(std::string_view text);

// Standard Base64 with padding (RFC 4648 §4).
std::string base64(std::string_view bytes);
// Reads standard Base64 (RFC 4648 §4). The padding may be missing, as in some imported password hashes.
std::optional<std::string> from_base64(std::string_view text);

// Compares two secrets. The time depends only on their lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Decodes percent-encoded text (RFC 3986 §2.1). Returns nullopt if two hexadecimal digits do not follow a
// `%`.
std::optional<std::string> percent_decode(std::string_view text);
// Decodes application/x-www-form-urlencoded text (bodies and queries): as percent_decode(), and `+` is a
// space.
std::optional<std::string> from_form(std::string_view text);

// Percent-encodes every byte except the unreserved characters of RFC 3986 §2.3 and the characters in `keep`.
std::string percent_encode(std::string_view bytes, std::string_view keep = "");

}  // namespace coatcheck::base
