// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <utf8proc.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

namespace coatcheck::base {
namespace {

std::optional<std::string> mapped(std::string_view text, int options) {
    utf8proc_uint8_t* out = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &out,
                                   static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
    if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
    if (size < 0) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
}

}  // namespace

std::optional<std::string> nfc(std::string_view text) { return mapped(text, UTF8PROC_COMPOSE); }

std::optional<std::string> folded(std::string_view text) {
    // Normalise first, so that two spellings of the same text fold to the same result.
    const auto normal = nfc(text);
    return normal ? mapped(*normal, UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD) : std::nullopt;
}

std::optional<std::string> escape_non_ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        utf8proc_int32_t point = 0;
        const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                           static_cast<utf8proc_ssize_t>(text.size()), &point);
        if (used <= 0) return std::nullopt;
        char escaped[12] = {static_cast<char>(point)};
        if (point >= 0x80)
            std::snprintf(escaped, sizeof escaped, point > 0xffff ? "\\U%08x" : "\\u%04x",
                          static_cast<unsigned>(point));
        out.append(point == 0 ? std::string(1, '\0') : escaped);
        text.remove_prefix(static_cast<std::size_t>(used));
    }
    return out;
}

std::string well_formed(std::string_view text) {
    const auto is_plain = [](unsigned char c) { return c != 0 && c < 0x80; };
    if (std::ranges::all_of(text, is_plain)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        utf8proc_int32_t point = 0;
        const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                           static_cast<utf8proc_ssize_t>(text.size()), &point);
        const bool good = used > 0 && point != 0;
        out += good ? text.substr(0, static_cast<std::size_t>(used)) : "\xef\xbf\xbd";
        text.remove_prefix(good ? static_cast<std::size_t>(used) : 1);
    }
    return out;
}

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return count;
}

namespace {

// The code point at the beginning of the text, and how many bytes it takes; 0 bytes if they are not UTF-8.
struct Point {
    utf8proc_int32_t value = 0;
    std::size_t size = 0;
};

Point first_point(std::string_view text) {
    Point point;
    const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &point.value);
    point.size = used > 0 ? static_cast<std::size_t>(used) : 0;
    return point;
}

bool is_space(utf8proc_int32_t point) {
    const auto category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

bool is_invisible(utf8proc_int32_t point) {
    constexpr utf8proc_int32_t braille_blank = 0x2800;
    if (point == braille_blank || utf8proc_get_property(point)->ignorable) return true;
    switch (utf8proc_category(point)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return true;
        default: return false;
    }
}

// True if a code point is of this kind, or if the text is not valid UTF-8.
template <class Is>
bool has(std::string_view text, Is is) {
    while (!text.empty()) {
        const Point point = first_point(text);
        if (point.size == 0 || is(point.value)) return true;
        text.remove_prefix(point.size);
    }
    return false;
}

}  // namespace

std::string_view without_outer_space(std::string_view text) {
    while (!text.empty() && is_space(first_point(text).value))
        text.remove_prefix(std::max<std::size_t>(first_point(text).size, 1));
    while (!text.empty()) {
        std::size_t last = text.size() - 1;
        while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
        if (!is_space(first_point(text.substr(last)).value)) break;
        text.remove_suffix(text.size() - last);
    }
    return text;
}

bool has_odd_space(std::string_view text) {
    return has(text, [](auto point) { return point != ' ' && is_space(point); });
}

bool has_invisible(std::string_view text) { return has(text, is_invisible); }

std::optional<std::string> with_usual_width(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const Point point = first_point(text);
        if (point.size == 0) return std::nullopt;
        const auto form = utf8proc_get_property(point.value)->decomp_type;
        const auto bytes = text.substr(0, point.size);
        if (form == UTF8PROC_DECOMP_TYPE_WIDE || form == UTF8PROC_DECOMP_TYPE_NARROW) {
            const auto usual = mapped(bytes, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
            if (!usual) return std::nullopt;
            out += *usual;
        } else {
            out += bytes;
        }
        text.remove_prefix(point.size);
    }
    return nfc(out);
}

}  // namespace coatcheck::base
