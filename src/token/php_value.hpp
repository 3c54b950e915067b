// SPDX-License-Identifier: Apache-2.0
// Reads what PHP's serialize() writes, and runs nothing: null, booleans, numbers, text and arrays. Of objects
// it reads only the dates of PHP and Carbon, as their three members. It never makes anything from a class
// name in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coatcheck::token {

inline constexpr std::size_t max_php_bytes = 8192, max_php_depth = 4, max_php_values = 64;

struct PhpValue;
// A numeric key is stored as its digits.
using PhpMembers = std::vector<std::pair<std::string, PhpValue>>;

struct PhpArray {
    PhpMembers members;
    // True for a DateTime, DateTimeImmutable or Carbon, with its members date, timezone_type and timezone.
    bool is_date = false;

    const PhpValue* find(std::string_view key) const;
};

struct PhpValue {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, PhpArray> value;

    const std::string* text() const { return std::get_if<std::string>(&value); }
    const PhpArray* array() const { return std::get_if<PhpArray>(&value); }
};

// Reads a text that is exactly one value. Returns nullopt for anything else: other objects, references, a key
// that occurs twice, an integer that is not in its canonical form, more than 8 KiB, 4 levels or 64 values.
std::optional<PhpValue> parse_php_value(std::string_view text);

// Writes an array as serialize() does. It writes integers and text; any other value becomes null.
std::string write_php_array(const PhpMembers& members);

}  // namespace coatcheck::token
