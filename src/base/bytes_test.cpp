// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace coatcheck::base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(Base64url, WritesTheExamplesOfRfc4648WithoutPadding) {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : examples) {
        EXPECT_EQ(base64url(bytes), text);
        EXPECT_EQ(from_base64url(text), bytes);
    }
    EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Base64url, EveryByteStringOfUpToTwoBytesComesBack) {
    for (int a = 0; a < 256; ++a) {
        const std::string one(1, static_cast<char>(a));
        ASSERT_EQ(from_base64url(base64url(one)), one) << a;
        for (int b = 0; b < 256; b += 5) {
            const std::string two = one + static_cast<char>(b);
            ASSERT_EQ(from_base64url(base64url(two)), two) << a << " " << b;
        }
    }
}

TEST(Base64url, LongStringsOfEveryLengthComeBack) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(from_base64url(base64url(bytes)), bytes) << bytes.size();
        bytes.push_back(static_cast<char>(i * 37));
    }
}

TEST(Base64url, OfTwoCharactersExactlyOneSpellingForEachByteIsTaken) {
    int taken = 0;
    for (char a : alphabet)
        for (char b : alphabet) {
            const std::string text{a, b};
            const auto bytes = from_base64url(text);
            if (!bytes) continue;
            ++taken;
            ASSERT_EQ(base64url(*bytes), text);
        }
    EXPECT_EQ(taken, 256);  // of 4096 texts: the last four bits must be zero
}

TEST(Base64url, OfThreeCharactersExactlyOneSpellingForEachPairIsTaken) {
    int taken = 0;
    for (char a : alphabet)
        for (char b : alphabet)
            for (char c : alphabet) {
                const char text[] = {a, b, c};
                taken += from_base64url({text, 3}).has_value();
            }
    EXPECT_EQ(taken, 65536);  // of 262144 texts: the last two bits must be zero
}

TEST(Base64url, SpareBitsAreRefusedAtTheEndOfLongTextToo) {
    for (std::size_t size : {16u, 17u, 31u, 32u, 64u}) {
        const std::string text = base64url(std::string(size, 'x'));
        const int spare = size % 3 == 1 ? 16 : size % 3 == 2 ? 4 : 1;
        int taken = 0;
        for (char last : alphabet) {
            std::string other = text;
            other.back() = last;
            taken += from_base64url(other).has_value();
        }
        EXPECT_EQ(taken, 64 / spare) << size;
    }
}

TEST(Base64url, LengthOfFourTimesKPlusOneIsRefused) {
    for (std::size_t size = 1; size < 60; size += 4)
        EXPECT_FALSE(from_base64url(std::string(size, 'A'))) << size;
}

TEST(Base64url, PaddingIsRefused) {
    for (std::string_view text : {"TQ==", "TQ=", "TWE=", "TWFu=", "TWFu====", "=", "==", "====", "T=Q="})
        EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Base64url, AnyByteOutsideTheAlphabetIsRefusedAtAnyPlace) {
    for (std::size_t place = 0; place < 16; ++place) {
        int taken = 0;
        for (int c = 0; c < 256; ++c) {
            // The decoder reads the last characters in a different loop from those before.
            std::string text(place < 4 ? 4 : 16, 'A');
            text[place] = static_cast<char>(c);
            taken += from_base64url(text).has_value();
        }
        EXPECT_EQ(taken, 64) << place;
    }
    EXPECT_FALSE(from_base64url("AA+A"));
    EXPECT_FALSE(from_base64url("AA/A"));
    EXPECT_FALSE(from_base64url(" AAAA"));
    EXPECT_FALSE(from_base64url("AAAA\n"));
    EXPECT_FALSE(from_base64url(std::string_view("AAAA\0", 5)));
}

TEST(Base64, TakesTheStandardAlphabetWithOrWithoutPadding) {
    EXPECT_EQ(from_base64("+/8="), "\xfb\xff");
    EXPECT_EQ(from_base64("+/8"), "\xfb\xff");
    EXPECT_EQ(from_base64("Zg=="), "f");
    EXPECT_EQ(from_base64("Zm9v"), "foo");
    EXPECT_EQ(from_base64(""), "");
}

TEST(Base64, RefusesTheOtherAlphabetSpareBitsAndInnerPadding) {
    for (std::string_view text : {"-_8=", "+/9=", "Z===", "Zg===", "Z", "Zm=v", "Zm9v Zm9v"})
        EXPECT_FALSE(from_base64(text)) << text;
}

TEST(EqualInConstantTime, AgreesWithEquality) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_in_constant_time("Secret", "secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secret2"));
    EXPECT_FALSE(equal_in_constant_time("secret", ""));
    EXPECT_FALSE(equal_in_constant_time({"a\0b", 3}, {"a\0c", 3}));
}

TEST(PercentEncode, LeavesTheUnreservedCharactersOfRfc3986) {
    const std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    EXPECT_EQ(percent_encode(unreserved), unreserved);
    EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentEncode, WritesEveryOtherByteInUpperCaseHex) {
    const std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (int c = 0; c < 256; ++c) {
        const char byte = static_cast<char>(c);
        if (unreserved.find(byte) != std::string_view::npos) continue;
        char expected[4];
        std::snprintf(expected, sizeof expected, "%%%02X", c);
        EXPECT_EQ(percent_encode({&byte, 1}), expected);
    }
    EXPECT_EQ(percent_encode("J\xc3\xb6rg\r\n"), "J%C3%B6rg%0D%0A");
}

TEST(PercentEncode, KeepsWhatItIsToldTo) {
    EXPECT_EQ(percent_encode("a b,c:d", ", "), "a b,c%3Ad");
    EXPECT_EQ(percent_encode("100%", ""), "100%25");
}

}  // namespace
TEST(PercentEncoding, IsTakenBackStrictly) {
    EXPECT_EQ(percent_decode("a%20b%2Fc+d%c3%A9"), "a b/c+d\xc3\xa9");
    EXPECT_EQ(percent_decode(""), "");
    for (const auto* bad : {"%", "%2", "a%2", "%g0", "%0g", "%%", "% 1", "%-1"})
        EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    EXPECT_EQ(percent_decode(percent_encode(every)), every);
    EXPECT_EQ(from_form("a+b%2Bc"), "a b+c");
    EXPECT_EQ(from_form("%+1"), std::nullopt);
}

}  // namespace coatcheck::base
