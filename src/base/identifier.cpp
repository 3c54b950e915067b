// SPDX-License-Identifier: Apache-2.0
#include "base/identifier.hpp"

#include "base/icu.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace coatcheck::base {
namespace {

// RFC 8264 §9: letters, digits and the visible characters of ASCII, without those that stand for others
// (§9.17), that nobody sees (§9.13) or that make up old Hangul syllables (§9.9); the exceptions of §9.6; and
// the space, for words (RFC 8265 §3.5). The characters of the fourth line are right beside certain others
// only.
constexpr std::u16string_view identifier_class =
    u"[[[:Ll:][:Lu:][:Lo:][:Nd:][:Lm:][:Mn:][:Mc:][\\u0021-\\u007E]"
    u"[\\u06FD\\u06FE\\u0F0B\\u3007]"
    u"[\\u0020]"
    u"[\\u00B7\\u0375\\u05F3\\u05F4\\u30FB]]"
    u"-[:NFKC_Quick_Check=No:]"
    u"-[:Default_Ignorable_Code_Point:]"
    u"-[[:Hangul_Syllable_Type=L:][:Hangul_Syllable_Type=V:][:Hangul_Syllable_Type=T:]]"
    u"-[\\u0640\\u07FA\\u302E\\u302F\\u3031-\\u3035\\u303B]]";

void check(UErrorCode error) {
    if (U_FAILURE(error) != 0) throw std::runtime_error("ICU: error " + std::to_string(error));
}

class Checks {
public:
    Checks() {
        UErrorCode error = U_ZERO_ERROR;
        const std::unique_ptr<USet, decltype(Icu::uset_close)> allowed(
            icu.uset_openPattern(identifier_class.data(), static_cast<int>(identifier_class.size()), &error),
            icu.uset_close);
        spoof = {icu.uspoof_open(&error), icu.uspoof_close};
        idna = {icu.uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO, &error),
                icu.uidna_close};
        check(error);
        icu.uspoof_setRestrictionLevel(spoof.get(), USPOOF_HIGHLY_RESTRICTIVE);
        icu.uspoof_setAllowedChars(spoof.get(), allowed.get(), &error);
        icu.uspoof_setChecks(
            spoof.get(),
            USPOOF_RESTRICTION_LEVEL | USPOOF_CHAR_LIMIT | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS, &error);
        check(error);
    }

    const Icu icu;
    std::unique_ptr<USpoofChecker, decltype(Icu::uspoof_close)> spoof{nullptr, nullptr};
    std::unique_ptr<UIDNA, decltype(Icu::uidna_close)> idna{nullptr, nullptr};
};

std::mutex mutex;
std::unique_ptr<const Checks> checks;

// One word is what IDNA calls a label. IDNA's other rules are for domain names only.
bool is_in_order(const Checks& with, std::string_view word) {
    // A word that begins like an encoded domain name is not looked at further.
    constexpr std::uint32_t flaws = UIDNA_ERROR_PUNYCODE | UIDNA_ERROR_INVALID_ACE_LABEL |
                                    UIDNA_ERROR_LEADING_COMBINING_MARK | UIDNA_ERROR_BIDI |
                                    UIDNA_ERROR_CONTEXTJ | UIDNA_ERROR_CONTEXTO_PUNCTUATION |
                                    UIDNA_ERROR_CONTEXTO_DIGITS;
    std::array<char, 1024> out{};
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode error = U_ZERO_ERROR;
    with.icu.uidna_labelToUnicodeUTF8(with.idna.get(), word.data(), static_cast<int>(word.size()), out.data(),
                                      out.size(), &info, &error);
    check(error);
    return (info.errors & flaws) == 0;
}

}  // namespace

IdentifierFlaw flaw_of_identifier(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) return IdentifierFlaw::none;
    const std::lock_guard lock(mutex);
    if (!checks) checks = std::make_unique<Checks>();
    const Checks& with = *checks;
    UErrorCode error = U_ZERO_ERROR;
    const int flaws = with.icu.uspoof_check2UTF8(with.spoof.get(), text.data(), static_cast<int>(text.size()),
                                                 nullptr, &error);
    check(error);
    if ((flaws & (USPOOF_CHAR_LIMIT | USPOOF_INVISIBLE)) != 0) return IdentifierFlaw::character;
    if ((flaws & USPOOF_MIXED_NUMBERS) != 0) return IdentifierFlaw::digits;
    if ((flaws & USPOOF_RESTRICTION_LEVEL) != 0) return IdentifierFlaw::scripts;
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        if (!is_in_order(with, text.substr(0, space))) return IdentifierFlaw::order;
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return IdentifierFlaw::none;
}

void release_identifier_checks() {
    const std::lock_guard lock(mutex);
    checks.reset();
}

}  // namespace coatcheck::base
