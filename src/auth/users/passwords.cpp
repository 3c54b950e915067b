// SPDX-License-Identifier: Apache-2.0
#include "auth/users/passwords.hpp"

#include "auth/embedded_blocklist.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "crypto/password_hash.hpp"

#include <set>

namespace coatcheck::auth {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

constexpr std::size_t max_password_points = 512;

const std::set<std::string_view>& common_passwords() {
    static const std::set<std::string_view> words = [] {
        std::set<std::string_view> out;
        std::string_view text = embedded::blocklist[0].content;
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            if (end > 0 && text[0] != '#') out.insert(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return out;
    }();
    return words;
}

// True for a part of the alphabet, the digits or a keyboard row, forwards or backwards.
bool is_sequence(std::string_view text) {
    for (std::string_view row : {"abcdefghijklmnopqrstuvwxyz", "01234567890123456789012345678901234567890",
                                 "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/"}) {
        const std::string reversed(row.rbegin(), row.rend());
        if (row.find(text) != std::string_view::npos || reversed.find(text) != std::string::npos) return true;
    }
    return false;
}

// The text without digits and signs at both ends: guessers try "password2026!!" as soon as "password".
std::string_view core_of(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    };
    while (!text.empty() && !letter(text.front())) text.remove_prefix(1);
    while (!text.empty() && !letter(text.back())) text.remove_suffix(1);
    return text;
}

// The part that the text repeats ("password" for "passwordpassword"), or the whole text.
std::string_view repeated_part(std::string_view text) {
    for (std::size_t size = 1; size <= text.size() / 2; ++size) {
        // The last repetition may be incomplete: that makes the password no better.
        const bool repeats = text.substr(size) == text.substr(0, text.size() - size);
        if (repeats) return text.substr(0, size);
    }
    return text;
}

// True if the password is listed, is the name of the user or of the product, or is one of those in a usual
// disguise: repeated, or with digits and signs around it. Also true for a short repeated part and for a row
// of the keyboard.
bool is_common(const std::string& folded, const std::string& folded_username) {
    constexpr std::size_t shortest_part = 6;
    const auto& common = common_passwords();
    for (const std::string_view text : {std::string_view(folded), core_of(folded)}) {
        const std::string_view once = repeated_part(text);
        const bool is_most_of_it = text.size() > folded.size() / 2;
        if (is_most_of_it && once.size() < shortest_part && once.size() < text.size()) return true;
        for (const std::string_view part : {text, once, core_of(once)})
            if (!part.empty() && (common.contains(part) || part == "coatcheck" || part == folded_username))
                return true;
        if (is_most_of_it && is_sequence(once)) return true;
    }
    return false;
}

}  // namespace

Result<std::string> checked_password(std::string_view text, std::int64_t min_length,
                                     std::string_view username) {
    // This check comes before normalisation, which is slow for long runs of combining marks.
    if (text.size() > crypto::max_password_bytes)
        return Denied{
            Reason::password_too_long, {}, "must have at most 512 characters and 1024 bytes", "password"};
    const auto normal = base::nfc(text);
    if (!normal) return Denied{Reason::invalid_member, {}, "must be valid UTF-8", "password"};
    const std::size_t length = base::code_points(*normal);
    if (static_cast<std::int64_t>(length) < min_length)
        return Denied{Reason::password_too_short,
                      {},
                      "must have at least " + std::to_string(min_length) +
                          " characters; a few words make a good password",
                      "password"};
    if (length > max_password_points || normal->size() > crypto::max_password_bytes)
        return Denied{
            Reason::password_too_long, {}, "must have at most 512 characters and 1024 bytes", "password"};
    const std::string plain = base::folded(*normal).value_or(*normal);
    if (is_common(plain, base::folded(username).value_or("")))
        return Denied{Reason::password_too_common,
                      {},
                      "attackers try passwords like this one first: choose another",
                      "password"};
    return *normal;
}

Result<std::string> checked_password_hash(std::string_view text) {
    std::string problem;
    if (auto hash = crypto::importable_hash(text, problem)) return *std::move(hash);
    return Denied{Reason::invalid_member, {}, problem, "password_hash"};
}

}  // namespace coatcheck::auth
