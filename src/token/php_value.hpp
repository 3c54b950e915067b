// SPDX-License-Identifier: Apache-2.0
// What PHP's serialize() writes, read inertly: numbers, text, arrays, and of objects the dates of PHP and
// Carbon alone, as the three members that they consist of. Nothing is ever made from a name that stands in
// it.
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
using PhpMembers = std::vector<std::pair<std::string, PhpValue>>;  // keys that are numbers as their digits

struct PhpArray {
    PhpMembers members;
    bool is_date = false;  // DateTime, DateTimeImmutable or Carbon: date, timezone_type and timezone

    const PhpValue* find(std::string_view key) const;
};

struct PhpValue {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, PhpArray> value;

    const std::string* text() const { return std::get_if<std::string>(&value); }
    const PhpArray* array() const { return std::get_if<PhpArray>(&value); }
};

// The one value that the whole text is. nullopt for anything else: other objects, references, a key that
// comes twice, numbers in another than their one form, and beyond 8 KiB, 4 levels or 64 values.
std::optional<PhpValue> parse_php_value(std::string_view text);

// An array of scalars, as serialize() writes it.
std::string write_php_array(const PhpMembers& members);

}  // namespace coatcheck::token
