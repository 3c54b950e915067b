// SPDX-License-Identifier: Apache-2.0
// Unicode by utf8proc: what a user name and a password are compared by.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

// NFC of valid UTF-8; nullopt for invalid UTF-8 (surrogates, overlong forms and > U+10FFFF included).
std::optional<std::string> nfc(std::string_view text);

// NFC, then case folded, then NFC: the form under which user names and e-mail addresses are unique.
std::optional<std::string> folded(std::string_view text);

// Code points beyond ASCII as \uXXXX or \UXXXXXXXX, the form of TOML; nullopt for invalid UTF-8.
std::optional<std::string> escape_non_ascii(std::string_view text);

// Each NUL and each byte that is no part of valid UTF-8 becomes U+FFFD.
std::string well_formed(std::string_view text);
// The number of code points of valid UTF-8.
std::size_t code_points(std::string_view text);

// True if the text begins or ends with a space of any script (general category Z).
bool has_outer_space(std::string_view text);

// True if a code point is a control, format (bidi, zero-width), surrogate, private or unassigned one.
bool has_invisible(std::string_view text);

}  // namespace coatcheck::base
