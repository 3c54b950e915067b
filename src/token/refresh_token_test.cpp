// SPDX-License-Identifier: Apache-2.0
#include "token/refresh_token.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "crypto/digest.hpp"

#include <gtest/gtest.h>

namespace coatcheck::token {
namespace {

using base::Secret;

const Secret key(std::string(32, 'k'));

RefreshToken some_token() {
    RefreshToken token;
    token.user = "AAAAAAAAAAAAAAAAAAAAAA";
    token.session = base::random_id();
    token.counter = 7;
    token.secret = base::random_bytes(16);
    return token;
}

bool counts(std::string_view text) {
    const auto token = RefreshToken::parse(text, 1, key);
    EXPECT_TRUE(token || token.error().reason == base::Reason::refresh_token_malformed);
    return token.has_value();
}

std::string raw_of(const std::string& text) {
    return base::from_base64url(text.substr(refresh_prefix.size())).value();
}

TEST(RefreshToken, ReadsBackAsItWasWritten) {
    for (std::uint32_t counter : {0u, 1u, 255u, 256u, 0x01020304u, 0xffffffffu}) {
        RefreshToken token = some_token();
        token.counter = counter;
        const auto again = RefreshToken::parse(token.write(key), 1, key);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->user, token.user);
        EXPECT_EQ(again->session, token.session);
        EXPECT_EQ(again->counter, counter);
        EXPECT_EQ(again->secret, token.secret);
        EXPECT_EQ(again->mac_key, 1);
    }
}

TEST(RefreshToken, HasAPrefixAndNoDot) {
    const std::string text = some_token().write(key);
    EXPECT_TRUE(text.starts_with("ccr_"));
    EXPECT_EQ(text.find('.'), std::string::npos);
    EXPECT_EQ(text.size(), 4u + (71 + 22) * 4 / 3);
}

TEST(RefreshToken, CounterIsBigEndianBehindTheSession) {
    RefreshToken token = some_token();
    token.counter = 0x01020304;
    EXPECT_EQ(raw_of(token.write(key)).substr(3 + 22 + 16, 4), "\x01\x02\x03\x04");
}

TEST(RefreshToken, SuccessorDiffersInCounterAndMacAlone) {
    RefreshToken token = some_token();
    const std::string before = raw_of(token.write(key));
    ++token.counter;
    const std::string after = raw_of(token.write(key));
    const std::size_t counter = 3 + 22 + 16, mac = before.size() - 32;
    EXPECT_EQ(before.substr(0, counter), after.substr(0, counter));
    EXPECT_EQ(before.substr(counter + 4, 16), after.substr(counter + 4, 16));
    EXPECT_NE(before.substr(counter, 4), after.substr(counter, 4));
    EXPECT_NE(before.substr(mac), after.substr(mac));
}

TEST(RefreshToken, FlippedBitIsRefused) {
    const std::string raw = raw_of(some_token().write(key));
    for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
        std::string changed = raw;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        ASSERT_FALSE(counts("ccr_" + base::base64url(changed))) << bit;
    }
}

TEST(RefreshToken, ChangedCharacterIsRefused) {
    const std::string text = some_token().write(key);
    for (std::size_t i = 0; i < text.size(); ++i)
        for (char c : std::string_view("A_-z9=+/. ")) {
            std::string changed = text;
            if (changed[i] == c) continue;
            changed[i] = c;
            ASSERT_FALSE(counts(changed)) << changed;
        }
}

TEST(RefreshToken, LastCharacterHasOneSpelling) {
    RefreshToken token = some_token();
    token.user = "12345678901234567890123";  // 94 bytes: the last character has four unused bits
    const std::string text = token.write(key);
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int taken = 0;
    for (char last : alphabet) taken += counts(text.substr(0, text.size() - 1) + last);
    EXPECT_EQ(taken, 1);
}

TEST(RefreshToken, CutOffAtAnyLengthIsRefused) {
    const std::string text = some_token().write(key);
    for (std::size_t size = 0; size < text.size(); ++size) ASSERT_FALSE(counts(text.substr(0, size))) << size;
    for (std::size_t start = 1; start < text.size(); ++start)
        ASSERT_FALSE(counts(text.substr(start))) << start;
}

TEST(RefreshToken, ExtendedIsRefused) {
    const std::string text = some_token().write(key);
    for (std::string_view more : {"A", "AAAA", "=", " ", "\n", ".", "%00"})
        EXPECT_FALSE(counts(text + std::string(more))) << more;
    EXPECT_FALSE(counts(text + '\0'));
    EXPECT_FALSE(counts(text + text));
    EXPECT_FALSE(counts(' ' + text));
    EXPECT_FALSE(counts("ccr_" + base::base64url(raw_of(text) + '\0')));
    EXPECT_FALSE(counts("ccr_" + std::string(1'000'000, 'A')));
}

TEST(RefreshToken, PrefixCountsToTheLetter) {
    const std::string text = some_token().write(key).substr(4);
    for (std::string_view prefix : {"", "CCR_", "Ccr_", "ccr-", "ccr", "ccr__", "cc_"})
        EXPECT_FALSE(counts(std::string(prefix) + text)) << prefix;
}

TEST(RefreshToken, AnotherKeyRefusesIt) {
    const std::string text = some_token().write(key);
    EXPECT_FALSE(RefreshToken::parse(text, 1, Secret(std::string(32, 'K'))));
    EXPECT_FALSE(RefreshToken::parse(text, 1, Secret()));
    EXPECT_FALSE(RefreshToken::parse(text, 2, key));  // the same key under another id
    RefreshToken second = some_token();
    second.mac_key = 2;
    EXPECT_FALSE(RefreshToken::parse(second.write(key), 1, key));
    EXPECT_TRUE(RefreshToken::parse(second.write(key), 2, key));
}

TEST(RefreshToken, MacIsForThisPurposeAlone) {
    const std::string raw = raw_of(some_token().write(key)), body = raw.substr(0, raw.size() - 32);
    EXPECT_FALSE(counts("ccr_" + base::base64url(body + crypto::hmac_sha256(key.reveal(), body))));
    EXPECT_FALSE(counts("ccr_" + base::base64url(body + crypto::sha256(body))));
}

TEST(RefreshToken, AnotherFormatVersionIsRefused) {
    const std::string raw = raw_of(some_token().write(key));
    for (int version : {0, 2, 255}) {
        std::string body = static_cast<char>(version) + raw.substr(1, raw.size() - 33);
        body += crypto::hmac_sha256(key.reveal(), "coatcheck refresh token\n" + body);
        EXPECT_FALSE(counts("ccr_" + base::base64url(body))) << version;
    }
}

TEST(RefreshToken, UserIdHasOneTo64Bytes) {
    for (std::size_t size : {0u, 1u, 2u, 63u, 64u, 65u, 100u}) {
        RefreshToken token = some_token();
        token.user = std::string(size, 'u');
        EXPECT_EQ(counts(token.write(key)), size >= 1 && size <= 64) << size;
    }
    RefreshToken token = some_token();
    token.user = std::string("a\0\xff\n", 4);
    EXPECT_EQ(RefreshToken::parse(token.write(key), 1, key)->user, token.user);
}

TEST(RefreshToken, LengthOfTheUserIdMustAddUp) {
    const std::string raw = raw_of(some_token().write(key));
    for (int length = 0; length < 256; ++length) {
        if (length == 22) continue;
        std::string body = raw.substr(0, raw.size() - 32);
        body[2] = static_cast<char>(length);
        body += crypto::hmac_sha256(key.reveal(), "coatcheck refresh token\n" + body);
        ASSERT_FALSE(counts("ccr_" + base::base64url(body))) << length;
    }
}

TEST(RefreshToken, SessionStoresTheHashOfTheSecret) {
    RefreshToken token = some_token();
    EXPECT_EQ(token.secret_hash().bytes(), crypto::sha256(token.secret));
    const crypto::SecretHash hash = token.secret_hash();
    ++token.counter;
    EXPECT_TRUE(token.secret_hash() == hash);  // successors have the same secret
}

TEST(RefreshToken, AccessTokensAndOtherTextAreRefused) {
    for (std::string_view text :
         {"", "ccr_", "ccr_AAAA", "e30.e30.AAAA", "Bearer ccr_AAAA", "ccr_====", "ccr_ccr_"})
        EXPECT_FALSE(counts(text)) << text;
}

}  // namespace
}  // namespace coatcheck::token
