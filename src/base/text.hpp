// SPDX-License-Identifier: Apache-2.0
// Unicode text (utf8proc): the forms in which user names and passwords are compared, and checks on
// characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

// Returns the NFC form of valid UTF-8, and nullopt for invalid UTF-8 (surrogates, overlong forms and code
// points above U+10FFFF included).
std::optional<std::string> nfc(std::string_view text);

// Applies NFC, then case folding, then NFC. User names and e-mail addresses are unique in this form. Returns
// nullopt for invalid UTF-8.
std::optional<std::string> folded(std::string_view text);

// Writes each code point beyond ASCII as \uXXXX or \UXXXXXXXX, the form of TOML. Returns nullopt for invalid
// UTF-8.
std::optional<std::string> escape_non_ascii(std::string_view text);

// Replaces each NUL, and each byte that is not part of valid UTF-8, by U+FFFD.
std::string well_formed(std::string_view text);
// The number of code points in valid UTF-8.
std::size_t code_points(std::string_view text);

// Returns the text without the spaces of any script (general category Z) at its ends.
std::string_view without_outer_space(std::string_view text);

// True if the text has a space of any script other than that of ASCII.
bool has_odd_space(std::string_view text);

// True if a code point is invisible (control, format such as bidi or zero-width, default ignorable such as
// fillers and variation selectors, surrogate, private, unassigned, line or paragraph separator, U+2800), or
// if the text is not valid UTF-8.
bool has_invisible(std::string_view text);

// Replaces full-width and half-width forms by the usual ones, and returns the result in NFC (RFC 8265 §3.3).
// Returns nullopt for invalid UTF-8.
std::optional<std::string> with_usual_width(std::string_view text);

}  // namespace coatcheck::base
