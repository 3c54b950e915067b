// SPDX-License-Identifier: Apache-2.0
// Reads numbers from text, in one way everywhere.
#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace coatcheck::base {

// The number that the whole text is, in decimal digits, with a minus sign if T is signed. nullopt for any
// other byte (spaces and a plus sign too), for an empty text, and for a number outside `least` to `most`.
template <class T>
std::optional<T> parse_number(std::string_view text, T least = std::numeric_limits<T>::lowest(),
                              T most = std::numeric_limits<T>::max()) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (number < least || number > most) return std::nullopt;
    return number;
}

}  // namespace coatcheck::base
