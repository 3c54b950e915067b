// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

namespace coatcheck::base {
namespace {

const std::string_view invalid_utf8[] = {"\x80",              // a continuation byte alone
                                         "\xc3",              // cut off
                                         "\xe2\x82",          // cut off
                                         "\xf0\x9f\x92",      // cut off
                                         "a\xc3z",            // a lead byte before ASCII
                                         "\xc0\xaf",          // "/" overlong
                                         "\xc1\xbf",          // overlong
                                         "\xe0\x80\xaf",      // overlong
                                         "\xf0\x80\x80\xaf",  // overlong
                                         "\xed\xa0\x80",      // surrogate
                                         "\xed\xbf\xbf",      // surrogate
                                         "\xf4\x90\x80\x80",  // above U+10FFFF
                                         "\xf8\x88\x80\x80\x80",
                                         "\xfe",
                                         "\xff",
                                         "J\xf6rg"};  // ISO 8859-1

std::string utf8(char32_t c) {
    std::string out;
    if (c < 0x80) out = {static_cast<char>(c)};
    else if (c < 0x800) out = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    else if (c < 0x10000)
        out = {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
               static_cast<char>(0x80 | (c & 63))};
    else
        out = {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
               static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    return out;
}

// Visits the code points below U+20000, except surrogates and the large scripts that have neither case nor
// combining marks.
template <class Visit>
void each_code_point(Visit visit) {
    for (char32_t c = 1; c < 0x20000; ++c) {
        if (c == 0x3400) c = 0xa000;
        if (c == 0xac20) c = 0xd700;
        if (c == 0xd800) c = 0xe000;
        if (c == 0x12000) c = 0x16000;
        if (c == 0x17000) c = 0x1b000;
        visit(c, utf8(c));
    }
}

TEST(Nfc, ComposesWhatBelongsTogether) {
    EXPECT_EQ(nfc("e\u0301"), "\u00e9");
    EXPECT_EQ(nfc("\u212b"), "\u00c5");              // the Angstrom sign becomes a letter
    EXPECT_EQ(nfc("\u1100\u1161\u11a8"), "\uac01");  // Hangul
    EXPECT_EQ(nfc("a\u0323\u0307"), nfc("a\u0307\u0323"));
}

TEST(Nfc, LeavesCompatibilityFormsCaseAndBlanksAlone) {
    for (std::string_view text :
         {"\ufb01", "\u2460", "\uff21", "\u00b2", " Abc ", "\t", "Stra\u00dfe", "\u2167"})
        EXPECT_EQ(nfc(text), text);
    EXPECT_EQ(nfc(std::string_view("a\0b", 3)), std::string("a\0b", 3));
    EXPECT_EQ(nfc(""), "");
}

TEST(Nfc, RefusesInvalidUtf8) {
    for (std::string_view text : invalid_utf8) EXPECT_FALSE(nfc(text)) << testing::PrintToString(text);
}

TEST(Nfc, DoneTwiceChangesNothing) {
    each_code_point([](char32_t c, const std::string& text) {
        const auto once = nfc(text);
        ASSERT_TRUE(once) << std::hex << static_cast<unsigned>(c);
        ASSERT_EQ(nfc(*once), once) << std::hex << static_cast<unsigned>(c);
    });
}

TEST(Folded, MakesTheCasesOfANameOne) {
    EXPECT_EQ(folded("Alice"), "alice");
    EXPECT_EQ(folded("STRASSE"), folded("stra\u00dfe"));
    EXPECT_EQ(folded("\u03a3"), folded("\u03c2"));  // capital sigma and final small sigma
    EXPECT_EQ(folded("E\u0301"), "\u00e9");
    EXPECT_EQ(folded("\u041c\u0418\u0420"), "\u043c\u0438\u0440");
}

TEST(Folded, KeepsDifferentNamesApart) {
    EXPECT_NE(folded("alice"), folded("\u0430lice"));  // a Cyrillic a
    EXPECT_NE(folded("alice"), folded("alice "));
    EXPECT_NE(folded("\uff41"), folded("a"));  // a full-width a
    EXPECT_NE(folded("e"), folded("\u00e9"));
}

TEST(Folded, RefusesInvalidUtf8) {
    for (std::string_view text : invalid_utf8) EXPECT_FALSE(folded(text)) << testing::PrintToString(text);
}

TEST(Folded, DoneTwiceChangesNothing) {
    each_code_point([](char32_t c, const std::string& text) {
        const auto once = folded(text);
        ASSERT_TRUE(once);
        ASSERT_EQ(folded(*once), once) << std::hex << static_cast<unsigned>(c);
    });
}

TEST(Folded, SpellingsThatAreOneTextFoldToOne) {
    // Combining marks in a different order are the same text (Unicode, canonical equivalence), so folded()
    // must apply NFC before it folds.
    int apart = 0;
    std::string example;
    for (std::string_view letter : {"a", "A", "\u03b1", "\u0391", "\u1fb3", "\u01b0"})
        for (std::string_view first : {"\u0301", "\u0323", "\u0345"})
            for (std::string_view second : {"\u0301", "\u0323", "\u0345", "\u0307"}) {
                const std::string text = std::string(letter).append(first).append(second);
                if (folded(text) == folded(*nfc(text))) continue;
                ++apart;
                example = text;
            }
    EXPECT_EQ(apart, 0) << "such as " << example << ": " << folded(example).value_or("") << " and "
                        << folded(*nfc(example)).value_or("");
}

TEST(CodePoints, CountsLettersNotBytes) {
    EXPECT_EQ(code_points(""), 0u);
    EXPECT_EQ(code_points("abc"), 3u);
    EXPECT_EQ(code_points("\u00e9\u20ac\U0001f600"), 3u);
    EXPECT_EQ(code_points("e\u0301"), 2u);
}

TEST(HasInvisible, SeesControlFormatPrivateAndUnassigned) {
    const char32_t seen[] = {0x00,   0x09,    0x0a,    0x1b,     0x7f,    0x85,   0xad,   0x061c,
                             0x200b, 0x200c,  0x200d,  0x200e,   0x202a,  0x202e, 0x2028, 0x2029,
                             0x2060, 0x2066,  0x2069,  0xfeff,   0xfff9,  0xe000, 0xf8ff, 0x0378,
                             0xffff, 0xe0001, 0xe0041, 0x100000, 0x10ffff};
    for (char32_t c : seen)
        EXPECT_TRUE(has_invisible("a" + utf8(c) + "b")) << std::hex << static_cast<unsigned>(c);
}

TEST(HasInvisible, SeesWhatIsDrawnAsNothing) {
    for (char32_t c : {0x34f, 0x115f, 0x1160, 0x17b4, 0x180b, 0x2800, 0x3164, 0xfe0f, 0xffa0, 0xe0100})
        EXPECT_TRUE(has_invisible("a" + utf8(c) + "b")) << std::hex << static_cast<unsigned>(c);
}

TEST(HasInvisible, LetsLettersMarksSignsAndSpacesPass) {
    for (std::string_view text :
         {"", "alice", "Anna Maria", "\u00e9", "e\u0301", "\u05d0\u05d1", "\u0639\u0644\u064a",
          "\u4e2d\u6587", "\U0001f600", "a@b.example", "\u00a0", "\u20ac"})
        EXPECT_FALSE(has_invisible(text)) << text;
}

TEST(HasInvisible, TakesInvalidUtf8ForInvisible) {
    for (std::string_view text : invalid_utf8)
        EXPECT_TRUE(has_invisible(text)) << testing::PrintToString(text);
}

TEST(WithUsualWidth, MapsWideAndNarrowFormsOnly) {
    EXPECT_EQ(with_usual_width("\uff21\uff44\uff41"), "Ada");
    EXPECT_EQ(with_usual_width("\uff71\uff80\uff9e"), "\u30a2\u30c0") << "a half-width mark joins its letter";
    EXPECT_EQ(with_usual_width("a\u3000b"), "a b");
    EXPECT_EQ(with_usual_width("\ufb01\u00b2\u2167"), "\ufb01\u00b2\u2167");
    EXPECT_EQ(with_usual_width("e\u0301"), "\u00e9");
    for (std::string_view text : invalid_utf8) EXPECT_FALSE(with_usual_width(text));
}

TEST(OuterSpace, OfAnyScriptIsLeftOut) {
    EXPECT_EQ(without_outer_space(" \u00a0ada lovelace\u3000 \u2028"), "ada lovelace");
    EXPECT_EQ(without_outer_space(" "), "");
    EXPECT_EQ(without_outer_space(""), "");
    EXPECT_EQ(without_outer_space("\xff "), "\xff") << "what is not UTF-8 stays";
}

TEST(OddSpace, IsEveryOneButThatOfAscii) {
    EXPECT_FALSE(has_odd_space("ada lovelace"));
    for (std::string_view text : {"a\u00a0b", "a\u2003", "\u3000"}) EXPECT_TRUE(has_odd_space(text)) << text;
}

}  // namespace
}  // namespace coatcheck::base
