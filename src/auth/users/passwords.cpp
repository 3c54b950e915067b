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

// The alphabet, the digits or a keyboard row, in order or backwards.
bool is_sequence(std::string_view text) {
    for (std::string_view row : {"abcdefghijklmnopqrstuvwxyz", "01234567890123456789012345678901234567890",
                                 "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/"}) {
        const std::string reversed(row.rbegin(), row.rend());
        if (row.find(text) != std::string_view::npos || reversed.find(text) != std::string::npos) return true;
    }
    return false;
}

// "password2026!!" is "password" to whoever guesses: compare without digits and signs at both ends.
std::string_view core_of(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    };
    while (!text.empty() && !letter(text.front())) text.remove_prefix(1);
    while (!text.empty() && !letter(text.back())) text.remove_suffix(1);
    return text;
}

// "passwordpassword" is "password": what the text repeats, or the text.
std::string_view repeated_part(std::string_view text) {
    for (std::size_t size = 1; size <= text.size() / 2; ++size) {
        // Ending in the middle of a repetition is no better.
        const bool repeats = text.substr(size) == text.substr(0, text.size() - size);
        if (repeats) return text.substr(0, size);
    }
    return text;
}

// On the lists, or one of their usual disguises: repeated, in a row of the keyboard, with digits and signs
// around it.
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

Result<std::string> checked_password(std::string_view text, std::size_t min_length,
                                     std::string_view username) {
    // Before it is normalised: that takes long for long runs of marks.
    if (text.size() > crypto::max_password_bytes)
        return Denied{Reason::password_too_long, {}, "at most 512 characters, and 1024 bytes", "password"};
    const auto normal = base::nfc(text);
    if (!normal) return Denied{Reason::invalid_member, {}, "valid UTF-8", "password"};
    const std::size_t length = base::code_points(*normal);
    if (length < min_length)
        return Denied{Reason::password_too_short,
                      {},
                      "at least " + std::to_string(min_length) + " characters; a few words do well",
                      "password"};
    if (length > max_password_points || normal->size() > crypto::max_password_bytes)
        return Denied{Reason::password_too_long, {}, "at most 512 characters, and 1024 bytes", "password"};
    const std::string plain = base::folded(*normal).value_or(*normal);
    if (is_common(plain, base::folded(username).value_or("")))
        return Denied{Reason::password_too_common,
                      {},
                      "this password is on the lists that guessers try first; choose another",
                      "password"};
    return *normal;
}

Result<std::string> checked_password_hash(std::string_view text) {
    if (crypto::is_known_hash(std::string(text))) return std::string(text);
    return Denied{Reason::invalid_member,
                  {},
                  "this hash cannot be checked here; taken are Argon2id and Argon2i (at most 256 MiB and 20 "
                  "passes), bcrypt (2a, 2b, 2y, cost 4 to 14) and "
                  "pbkdf2_sha256 as Django writes it (at most 2000000 rounds)",
                  "password_hash"};
}

}  // namespace coatcheck::auth
