// SPDX-License-Identifier: Apache-2.0
#include "token/crypt_token.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using base::Reason;
using crypto::EnvelopeCipher;
using namespace std::chrono_literals;

const base::Timestamp noon = std::chrono::sys_days(std::chrono::year(2027) / 1 / 31) + 12h;
const CryptFields fields;

CryptKeys keys_of(EnvelopeCipher cipher, std::initializer_list<char> letters = {'k'}) {
    CryptKeys keys{cipher, {}};
    for (const char letter : letters) keys.keys.emplace_back(std::string(32, letter));
    return keys;
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const unsigned char c : bytes) (out += "0123456789abcdef"[c >> 4]) += "0123456789abcdef"[c & 15];
    return out;
}

// Encrypts a plain text as Laravel would.
std::string encrypted(std::string_view plain, const CryptKeys& keys = keys_of(EnvelopeCipher::aes_256_cbc)) {
    const auto parts = crypto::encrypt(keys.cipher, keys.keys.front(), plain);
    const std::string iv = base::base64(parts.iv), value = base::base64(parts.value);
    const std::string mac = keys.cipher == EnvelopeCipher::aes_256_cbc
                                ? hex(crypto::hmac_sha256(keys.keys.front().reveal(), iv + value))
                                : "";
    return base::base64(json::serialize(
        json::object{{"iv", iv}, {"value", value}, {"mac", mac}, {"tag", base::base64(parts.tag)}}));
}

base::Result<CryptClaims> read(std::string_view plain) {
    return read_crypt_token(encrypted(plain), fields, keys_of(EnvelopeCipher::aes_256_cbc));
}

std::string array_with(const std::string& issued, const std::string& expires,
                       const std::string& user = "i:42;") {
    return "a:3:{s:7:\"user_id\";" + user + "s:10:\"time_stemp\";" + issued + "s:9:\"expire_on\";" + expires +
           "}";
}
std::string text(const std::string& value) {
    return "s:" + std::to_string(value.size()) + ":\"" + value + "\";";
}
std::string carbon(const std::string& date, const std::string& zone) {
    return "O:13:\"Carbon\\Carbon\":3:{s:4:\"date\";" + text(date) +
           "s:13:\"timezone_type\";i:3;s:8:\"timezone\";" + text(zone) + "}";
}

TEST(CryptToken, OursComesBackWhole) {
    for (const auto cipher : {EnvelopeCipher::aes_256_cbc, EnvelopeCipher::aes_256_gcm}) {
        const auto keys = keys_of(cipher);
        const auto read = read_crypt_token(
            write_crypt_token({"user", noon, noon + 48h, "session", 7}, fields, keys), fields, keys);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->user, "user");
        EXPECT_EQ(read->issued, noon);
        EXPECT_EQ(read->expires, noon + 48h);
        EXPECT_EQ(read->session, "session");
        EXPECT_EQ(read->version, 7);
    }
}

TEST(CryptToken, TimesAreReadInEveryFormThatIsUsual) {
    const std::string seconds = std::to_string(base::unix_seconds(noon));
    for (const std::string& form :
         {"i:" + seconds + ";", "d:" + seconds + ";", text(seconds), text("2027-01-31 12:00:00"),
          text("2027-01-31T12:00:00.000000Z"), text("2027-01-31T14:00:00+02:00"),
          carbon("2027-01-31 12:00:00.000000", "UTC"), carbon("2027-01-31 13:30:00.000000", "+01:30"),
          carbon("2027-01-31 07:00:00.000000", "-05:00")}) {
        const auto claims = read(array_with(form, form));
        ASSERT_TRUE(claims) << form;
        EXPECT_EQ(claims->issued, noon) << form;
        EXPECT_EQ(claims->user, "42");
        EXPECT_EQ(claims->session, "");
    }
    for (const std::string& form :
         {std::string("N;"), std::string("b:1;"), std::string("i:-1;"), text(""), text("tomorrow"),
          text("2027-02-30 12:00:00"), text("2027-01-31 24:00:00"), text("2027-01-31"),
          text("2027-01-31 12:00:00 Mars"), text("+800000000000"),
          carbon("2027-01-31 12:00:00.000000", "Europe/Berlin"), carbon("now", "UTC"),
          std::string("i:99999999999999;")})
        EXPECT_EQ(read(array_with(form, "i:1;")).error().reason, Reason::token_malformed) << form;
}

TEST(CryptToken, TheArrayMayBeSerializedTwiceOrBeJson) {
    const std::string array = array_with("i:1;", "i:2;", text("ada"));
    const std::string object = R"({"user_id":"ada","time_stamp":1,"expire_on":2})";
    for (const std::string& plain : {array, text(array), object, text(object)}) {
        const auto claims = read(plain);
        ASSERT_TRUE(claims) << plain;
        EXPECT_EQ(claims->user, "ada");
        EXPECT_EQ(base::unix_seconds(claims->expires), 2);
    }
    EXPECT_FALSE(read(text(text(array))));
    EXPECT_TRUE(read(
        R"({"user_id":1,"time_stamp":{"date":"2027-01-31 12:00:00.000000","timezone_type":3,"timezone":"UTC"},"expire_on":"2027-01-31T12:00:00Z"})"));
    for (const char* plain : {"", "x", "i:1;", "{}", "[1,2]", "null", R"({"user_id":1,"time_stamp":1})",
                              R"({"user_id":"","time_stamp":1,"expire_on":2})",
                              R"({"user_id":true,"time_stamp":1,"expire_on":2})",
                              R"({"user_id":1,"user_id":2,"time_stamp":1,"expire_on":2})",
                              R"({"user_id":1,"time_stamp":1,"expire_on":2,"session":"s"})",
                              R"({"user_id":1,"time_stamp":1,"expire_on":2,"ver":1})"})
        EXPECT_EQ(read(plain).error().reason, Reason::token_malformed) << plain;
}

TEST(CryptToken, AnyKeyOfTheListReadsAndNoOther) {
    const auto cbc = EnvelopeCipher::aes_256_cbc;
    const std::string token = encrypted(array_with("i:1;", "i:2;"), keys_of(cbc, {'b'}));
    EXPECT_TRUE(read_crypt_token(token, fields, keys_of(cbc, {'a', 'b'})));
    EXPECT_EQ(read_crypt_token(token, fields, keys_of(cbc, {'a', 'c'})).error().reason,
              Reason::token_not_ours);
    EXPECT_EQ(read_crypt_token(token, fields, keys_of(EnvelopeCipher::aes_256_gcm, {'b'})).error().reason,
              Reason::token_malformed)
        << "the other cipher";
}

TEST(CryptToken, WhatWasAlteredIsNotOursAndWhatIsOddIsMalformed) {
    for (const auto cipher : {EnvelopeCipher::aes_256_cbc, EnvelopeCipher::aes_256_gcm}) {
        const auto keys = keys_of(cipher);
        const std::string good = encrypted(array_with("i:1;", "i:2;"), keys);
        ASSERT_TRUE(read_crypt_token(good, fields, keys));
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::string altered = good;
            altered[i] = altered[i] == 'A' ? 'B' : 'A';
            EXPECT_FALSE(read_crypt_token(altered, fields, keys)) << i;
        }
        const auto object = parse_object(*base::from_base64(good)).value();
        const auto with = [&](const char* name, json::value value) -> std::optional<Reason> {
            json::object changed = object;
            changed[name] = std::move(value);
            const auto read = read_crypt_token(base::base64(json::serialize(changed)), fields, keys);
            return read ? std::nullopt : std::optional(read.error().reason);
        };
        EXPECT_EQ(with("value", "AAAA"), Reason::token_not_ours);
        EXPECT_EQ(with("value", "A"), Reason::token_malformed);
        EXPECT_EQ(with("iv", "AAAA"), Reason::token_malformed);
        EXPECT_EQ(with("mac", ""), cipher == EnvelopeCipher::aes_256_cbc
                                       ? std::optional(Reason::token_malformed)
                                       : std::nullopt)
            << "GCM has none";
        EXPECT_EQ(with("mac", json::string(64, '0')),
                  cipher == EnvelopeCipher::aes_256_cbc ? Reason::token_not_ours : Reason::token_malformed);
        EXPECT_EQ(with("tag", "AAAAAA=="), Reason::token_malformed) << "four bytes";
        EXPECT_EQ(with("tag", 1), Reason::token_malformed);
        EXPECT_EQ(with("more", ""), Reason::token_malformed);
        for (const std::string& odd :
             {std::string(), std::string("="), good.substr(1), good + "=", good + "\n", base::base64("[]"),
              base::base64("{}"), std::string(8193, 'A')})
            EXPECT_EQ(read_crypt_token(odd, fields, keys).error().reason, Reason::token_malformed);
    }
}

TEST(CryptToken, FieldsMayBeCalledOtherwise) {
    const CryptFields other{{"u"}, {"t"}, {"e"}};
    const auto keys = keys_of(EnvelopeCipher::aes_256_cbc);
    EXPECT_TRUE(read_crypt_token(encrypted(R"({"u":1,"t":1,"e":2})"), other, keys));
    EXPECT_FALSE(read_crypt_token(encrypted(R"({"user_id":1,"time_stamp":1,"expire_on":2})"), other, keys));
    EXPECT_TRUE(read_crypt_token(write_crypt_token({"user", noon, noon, "s", 1}, other, keys), other, keys));
}

TEST(CryptToken, KeysAreWrittenAsLaravelWritesThem) {
    EXPECT_EQ(parse_app_key("base64:" + base::base64(std::string(32, 'k')))->reveal(), std::string(32, 'k'));
    for (const std::string& bad :
         {std::string(), std::string(32, 'k'), "base64:" + base::base64(std::string(16, 'k')),
          "base64:" + base::base64(std::string(33, 'k')),
          "base64:" + base::base64url(std::string(32, '\xff')),
          "BASE64:" + base::base64(std::string(32, 'k')),
          "base64:" + base::base64(std::string(32, 'k')) + " "})
        EXPECT_FALSE(parse_app_key(bad)) << bad;
}

}  // namespace
}  // namespace coatcheck::token
