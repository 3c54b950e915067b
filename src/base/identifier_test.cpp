// SPDX-License-Identifier: Apache-2.0
// Verdicts on names (issue 18, row 15).
#include "base/identifier.hpp"

#include <gtest/gtest.h>
#include <string>

namespace coatcheck::base {
namespace {

using Flaw = IdentifierFlaw;

struct Verdict {
    const char* text;
    Flaw flaw;
    const char* what;
};

constexpr Verdict verdicts[] = {
    {"ada", Flaw::none, "ASCII"},
    {"o'neil_2+x.y-z", Flaw::none, "signs of ASCII"},
    {"Ada Lovelace", Flaw::none, "words"},
    {"Åsa Öström", Flaw::none, "Latin beyond ASCII"},
    {"straße", Flaw::none, "a letter that folds to two"},
    {"Ада Лавлейс", Flaw::none, "Cyrillic"},
    {"Αθηνά", Flaw::none, "Greek"},
    {"山田太郎", Flaw::none, "Han"},
    {"さくらサクラ桜", Flaw::none, "Han, Hiragana, Katakana"},
    {"yamada桜", Flaw::none, "Latin and Japanese are written together"},
    {"김민준", Flaw::none, "Hangul"},
    {"अदा", Flaw::none, "Devanagari with a vowel sign"},
    {"مريم", Flaw::none, "Arabic"},
    {"דנה", Flaw::none, "Hebrew"},
    {"ジョン・スミス", Flaw::none, "the middle dot between Katakana"},
    {"col·lecció", Flaw::none, "the middle dot between two l"},
    {"ᎠᏓ", Flaw::none, "Cherokee, which few use"},
    {"user٤٢", Flaw::scripts, "Latin with Arabic digits"},

    {"pаypal", Flaw::scripts, "a Cyrillic letter among Latin ones"},
    {"Ada Лавлейс", Flaw::scripts, "in different words"},
    {"gοοgle", Flaw::scripts, "Greek among Latin"},
    {"gօօgle", Flaw::scripts, "Armenian among Latin"},
    {"桜김", Flaw::none, "Han and Hangul"},
    {"さくら김", Flaw::scripts, "Hiragana and Hangul"},
    {"अ१२٣", Flaw::digits, "digits of two scripts"},

    {"ada\u3164", Flaw::character, "HANGUL FILLER"},
    {"ada\u115f", Flaw::character, "HANGUL CHOSEONG FILLER"},
    {"ada\ufe0f", Flaw::character, "VARIATION SELECTOR-16"},
    {"ada\u034f", Flaw::character, "COMBINING GRAPHEME JOINER"},
    {"ada\u2800", Flaw::character, "BRAILLE PATTERN BLANK"},
    {"ada\u00a0x", Flaw::character, "NO-BREAK SPACE"},
    {"ada\u3000x", Flaw::character, "IDEOGRAPHIC SPACE"},
    {"ａda", Flaw::character, "a full-width letter"},
    {"ﬁn", Flaw::character, "a ligature"},
    {"Ⅷ", Flaw::character, "a Roman number"},
    {"x²", Flaw::character, "a superscript"},
    {"ada♥", Flaw::character, "a sign"},
    {"ada😀", Flaw::character, "an emoji"},
    {"o’neil", Flaw::character, "punctuation"},
    {"\u1100\u1161x", Flaw::character, "old Hangul letters"},
    {"aـb", Flaw::character, "TATWEEL"},
    {"e\u0323\u0301\u0301", Flaw::character, "the same mark twice"},
    {"a·b", Flaw::order, "the middle dot elsewhere"},
    {"a・b", Flaw::order, "the Katakana dot elsewhere"},
    {"\u0301ada", Flaw::order, "a mark on nothing"},
    {"ada \u0301b", Flaw::order, "a mark on nothing, in the second word"},
    {"xn--a·b", Flaw::order, "the middle dot in what begins like an encoded domain name"},
    {"ada XN--·", Flaw::order, "the same in capitals"},
    {"xn--bcher-kva", Flaw::none, "an encoded domain name is ASCII"},
    {"1דנה", Flaw::order, "a digit before right-to-left letters"},
};

TEST(Identifier, TheFlawOfEachNameIsKnown) {
    for (const auto& [text, flaw, what] : verdicts)
        EXPECT_EQ(static_cast<int>(flaw_of_identifier(text)), static_cast<int>(flaw)) << text << ": " << what;
}

TEST(Identifier, ChecksComeBackAfterTheyWereReleased) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(flaw_of_identifier("Åsa"), Flaw::none);
        EXPECT_EQ(flaw_of_identifier("pаypal"), Flaw::scripts);
        release_identifier_checks();
        release_identifier_checks();
    }
}

}  // namespace
}  // namespace coatcheck::base
