// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.hpp"

#include <array>
#include <sodium.h>

namespace coatcheck::base {
namespace {

constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(char sixty_two, char sixty_three) {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 62; ++i) table[static_cast<unsigned char>(url_alphabet[i])] = static_cast<std::int8_t>(i);
    table[static_cast<unsigned char>(sixty_two)] = 62;
    table[static_cast<unsigned char>(sixty_three)] = 63;
    return table;
}

std::optional<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& table) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
        const int value = table[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>((bits >> count) & 0xff));
        }
    }
    // RFC 4648 §3.5: spare bits that are not zero would give one value several spellings.
    if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) {
            count -= 6;
            out.push_back(url_alphabet[(bits >> count) & 63]);
        }
    }
    if (count > 0) out.push_back(url_alphabet[(bits << (6 - count)) & 63]);
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    static constexpr auto table = inverse('-', '_');
    return decode(text, table);
}

std::optional<std::string> from_base64(std::string_view text) {
    static constexpr auto table = inverse('+', '/');
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
    return decode(text, table);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string percent_encode(std::string_view bytes, std::string_view keep) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(bytes.size());
    for (char c : bytes) {
        const auto u = static_cast<unsigned char>(c);
        const bool plain = (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u == '-' ||
                           u == '.' || u == '_' || u == '~' || keep.find(c) != std::string_view::npos;
        if (plain) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(hex[u >> 4]);
            out.push_back(hex[u & 15]);
        }
    }
    return out;
}

}  // namespace coatcheck::base
