// SPDX-License-Identifier: Apache-2.0
// Statements put together from parts when the program is compiled:
//
//   db.query(sql<"SELECT ", session_columns, " FROM sessions s WHERE s.id = $1">);
//
// The result lives as long as the program, and each statement has one address, by which Database finds it
// again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace coatcheck::store {

template <std::size_t Size>
struct SqlText {
    constexpr SqlText(const char (&literal)[Size]) { std::copy_n(literal, Size, bytes); }
    static constexpr std::size_t length = Size - 1;  // without the zero at the end
    char bytes[Size];
};

namespace detail {

template <SqlText... Parts>
constexpr auto join() {
    std::array<char, (Parts.length + ... + 1)> all{};
    auto* end = all.data();
    ((end = std::copy_n(Parts.bytes, Parts.length, end)), ...);
    return all;
}
template <SqlText... Parts>
inline constexpr auto joined = join<Parts...>();

}  // namespace detail

template <SqlText... Parts>
inline constexpr const char* sql = detail::joined<Parts...>.data();

}  // namespace coatcheck::store
