// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.hpp"

#include <algorithm>

#include <sodium.h>
#include <array>
#include <cstring>

namespace coatcheck::base {
namespace {

constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(char sixty_two, char sixty_three) {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 62; ++i)
        table[static_cast<unsigned char>(url_alphabet[i])] = static_cast<std::int8_t>(i);
    table[static_cast<unsigned char>(sixty_two)] = 62;
    table[static_cast<unsigned char>(sixty_three)] = 63;
    return table;
}

std::optional<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& table) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out(text.size() * 3 / 4, '\0');
    char* to = out.data();
    const auto value = [&](std::size_t at) {
        return static_cast<std::int32_t>(table[static_cast<unsigned char>(text[at])]);
    };
    std::int32_t all = 0;  // bitwise OR of all values; an invalid character (-1) makes it negative for good
    std::size_t at = 0;
    // Writes four bytes at a time; the next round overwrites the fourth one. This takes half the time of
    // three stores. The last characters are left for the loop below, so that the fourth byte never lies
    // behind the buffer.
    for (; at + 8 <= text.size(); at += 4, to += 3) {
        const std::int32_t a = value(at), b = value(at + 1), c = value(at + 2), d = value(at + 3);
        all |= a | b | c | d;
        const std::int32_t bits = a << 18 | b << 12 | c << 6 | d;
        const char bytes[] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                              static_cast<char>(bits), '\0'};
        std::memcpy(to, bytes, sizeof bytes);
    }
    std::uint32_t bits = 0;
    int count = 0;
    for (; at < text.size(); ++at) {
        all |= value(at);
        bits = (bits << 6) | static_cast<std::uint32_t>(value(at));
        count += 6;
        if (count >= 8) {
            count -= 8;
            *to++ = static_cast<char>(bits >> count);
        }
    }
    // RFC 4648 §3.5: unused bits that are not zero would give one value several texts.
    if (all < 0 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string out((bytes.size() * 4 + 2) / 3, '\0');
    char* to = out.data();
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
    };
    std::size_t at = 0;
    for (; at + 3 <= bytes.size(); at += 3) {
        const std::uint32_t bits = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
        for (int shift : {18, 12, 6, 0}) *to++ = url_alphabet[(bits >> shift) & 63];
    }
    if (const std::size_t left = bytes.size() - at; left > 0) {
        const std::uint32_t bits = byte(at) << 16 | (left == 2 ? byte(at + 1) << 8 : 0);
        for (std::size_t i = 0; i <= left; ++i) *to++ = url_alphabet[(bits >> (18 - 6 * i)) & 63];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out = base64url(bytes);
    std::replace(out.begin(), out.end(), '-', '+');
    std::replace(out.begin(), out.end(), '_', '/');
    out.append((4 - out.size() % 4) % 4, '=');
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

std::optional<std::string> from_form(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

std::optional<std::string> percent_decode(std::string_view text) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1,
                  low = high < 0 ? -1 : digit(text[i + 2]);
        if (low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view bytes, std::string_view keep) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(bytes.size());
    for (char c : bytes) {
        const auto u = static_cast<unsigned char>(c);
        const bool plain = (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
                           u == '-' || u == '.' || u == '_' || u == '~' ||
                           keep.find(c) != std::string_view::npos;
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
