// SPDX-License-Identifier: Apache-2.0
// parse_compact(): which texts have the form of a token (RFC 7515 §7.1), before anything in them is verified.
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "token/claims.hpp"

#include <gtest/gtest.h>

namespace coatcheck::token {
namespace {

using base::base64url;
using base::Reason;

const std::string header = R"({"alg":"ES256","typ":"at+jwt","kid":"k"})", claims = R"({"iss":"i"})",
                  signature(64, 's');

std::string compact(std::string_view first, std::string_view second, std::string_view third = signature) {
    return base64url(first) + '.' + base64url(second) + '.' + base64url(third);
}

void expect_malformed(const std::string& token, std::string_view what = "") {
    const auto parts = parse_compact(token);
    ASSERT_FALSE(parts) << what << " " << token.substr(0, 100);
    EXPECT_EQ(parts.error().reason, Reason::token_malformed) << what;
}

TEST(CompactForm, IsCutIntoItsParts) {
    const std::string token = compact(header, claims);
    const auto parts = parse_compact(token);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->signing_input, token.substr(0, token.rfind('.')));
    EXPECT_EQ(parts->signing_input.data(), token.data());  // the bytes received, not a copy
    EXPECT_EQ(parts->header->algorithm, "ES256");
    EXPECT_EQ(parts->header->key_id, "k");
    EXPECT_EQ(parts->header->type, "at+jwt");
    EXPECT_EQ(parts->header->json, header);
    EXPECT_EQ(parts->claims_json, claims);
    EXPECT_EQ(parts->signature, signature);
}

TEST(CompactForm, HasExactlyThreeParts) {
    const std::string h = base64url(header), c = base64url(claims), s = base64url(signature);
    for (const std::string& token :
         {std::string(), h, h + "." + c, h + "." + c + "." + s + ".", "." + h + "." + c + "." + s,
          h + "." + c + "." + s + "." + s, h + "." + c + "." + s + "." + s + "." + s, h + ".." + c + "." + s,
          std::string("."), std::string(".."), std::string("..."), std::string("...."),
          std::string(8000, '.')})
        expect_malformed(token);
}

TEST(CompactForm, NoPartIsEmpty) {
    const std::string h = base64url(header), c = base64url(claims), s = base64url(signature);
    expect_malformed("." + c + "." + s);
    expect_malformed(h + ".." + s);
    expect_malformed(h + "." + c + ".");
    expect_malformed(base64url(R"({"alg":"none"})") + "." + c + ".");
}

TEST(CompactForm, IsNoOtherSerialisation) {
    const std::string h = base64url(header), c = base64url(claims), s = base64url(signature);
    expect_malformed("{\"payload\":\"" + c + "\",\"protected\":\"" + h + "\",\"signature\":\"" + s + "\"}",
                     "flattened");
    expect_malformed("{\"payload\":\"" + c + "\",\"signatures\":[{\"protected\":\"" + h +
                         "\",\"signature\":\"" + s + "\"}]}",
                     "general");
    expect_malformed(R"({" )" + h + "." + c + "." + s + R"(":1})", "polyglot");
    expect_malformed(h + "." + c + "." + s + "{}", "polyglot");
    expect_malformed("Bearer " + h + "." + c + "." + s, "with a scheme");
}

TEST(CompactForm, EveryByteIsOfTheAlphabetOrADot) {
    const std::string token = compact(header, claims);
    for (std::string_view bad : {"=", "==", "+", "/", " ", "\r\n", "\n", "\t", "%3D", "{", "\"", ",", ":",
                                 "~", "\xef\xbb\xbf", "\xc3\xa9", "\xd9\xa1"})
        for (std::size_t place : {std::size_t(0), std::size_t(4), token.find('.'), token.find('.') + 1,
                                  token.rfind('.'), token.rfind('.') + 1, token.size()}) {
            std::string other = token;
            other.insert(place, bad);
            expect_malformed(other, bad);
        }
    for (std::size_t place = 0; place <= token.size(); ++place) {
        std::string other = token;
        other.insert(place, 1, '\0');
        ASSERT_FALSE(parse_compact(other)) << place;
    }
}

TEST(CompactForm, SpareBitsMakeNoSecondSpelling) {
    // Each part gets a length that leaves unused bits in its last character. Every other character that
    // differs only in those bits must be refused.
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string h = header, c = claims, s = signature;
    while (h.size() % 3 != 1) h += ' ';
    while (c.size() % 3 != 1) c += ' ';
    while (s.size() % 3 != 1) s += 's';
    const std::string token = compact(h, c, s);
    ASSERT_TRUE(parse_compact(token));
    for (std::size_t end : {token.find('.') - 1, token.rfind('.') - 1, token.size() - 1}) {
        const auto value = alphabet.find(token[end]);
        for (std::size_t alias = value - value % 16; alias < value - value % 16 + 16; ++alias) {
            std::string other = token;
            other[end] = alphabet[alias];
            EXPECT_EQ(parse_compact(other).has_value(), alias == value) << end << " " << alphabet[alias];
        }
    }
}

TEST(CompactForm, PartOfLengthFourKPlusOneIsRefused) {
    const std::string h = base64url(header), c = base64url(claims), s = base64url(signature);
    for (std::string part : {h, c, s}) {
        while (part.size() % 4 != 1) part += 'A';
        expect_malformed(part + "." + c + "." + s);
        expect_malformed(h + "." + part + "." + s);
        expect_malformed(h + "." + c + "." + part);
    }
}

TEST(CompactForm, TokenHasAtMost8192Bytes) {
    const std::size_t around = compact(header, "").size();
    const auto of_size = [&](std::size_t size) {
        // How many bytes of claims give this size in base64url.
        const std::size_t bytes = (size - around) / 4 * 3 + (size - around) % 4 * 3 / 4;
        return compact(header, R"({"pad":")" + std::string(bytes - 10, 'x') + "\"}");
    };
    ASSERT_EQ(of_size(8192).size(), 8192u);
    EXPECT_TRUE(parse_compact(of_size(8192)));
    const std::string longer = of_size(8193).size() == 8193u ? of_size(8193) : of_size(8194);
    ASSERT_LE(longer.size(), 8194u);
    ASSERT_GT(longer.size(), 8192u);
    expect_malformed(longer);
    expect_malformed(std::string(1'000'000, '.'));
    expect_malformed(std::string(1'000'000, 'A'));
}

TEST(CompactForm, HeaderHasAtMost1024Bytes) {
    const auto of_size = [](std::size_t size) {
        const std::string start = R"({"alg":"ES256","pad":")";
        return start + std::string(size - start.size() - 2, 'x') + "\"}";
    };
    EXPECT_TRUE(parse_compact(compact(of_size(1024), claims)));
    expect_malformed(compact(of_size(1025), claims));
    expect_malformed(compact(R"({"alg":"ES256","kid":")" + std::string(5000, 'k') + "\"}", claims));
}

TEST(CompactForm, HeaderIsAJsonObjectWithUniqueMembers) {
    for (std::string_view bad :
         {"", "x", "[]", "null", "\"ES256\"", "{", R"({"alg":"ES256")", R"({"alg":"ES256"}x)",
          R"({"alg":"ES256","alg":"ES256"})", R"({"alg":"none","alg":"ES256"})",
          R"({"\u0061lg":"none","alg":"ES256"})", R"({"alg":"ES256","kid":"a","kid":"b"})",
          R"({"alg":"ES256","typ":"JWT","typ":"at+jwt"})", "\xef\xbb\xbf{\"alg\":\"ES256\"}",
          "{\"alg\":\"ES256\",\"kid\":\"\xff\"}", "{\"alg\":\"ES256\",\"kid\":\"\\ud800\"}",
          R"({"alg":"ES256",})", "{\"alg\":\"ES256\"}//", R"({"alg":"ES256","x":[[[[[[[[1]]]]]]]]})"})
        expect_malformed(compact(bad, claims), bad);
}

TEST(CompactForm, HeaderNamesItsAlgorithmWithAString) {
    for (std::string_view bad :
         {"{}", R"({"ALG":"ES256"})", R"({"Alg":"ES256"})", R"({"alg":1})", R"({"alg":null})",
          R"({"alg":["ES256"]})", R"({"alg":{"alg":"ES256"}})", R"({"alg":true})", R"({"alg":0})"})
        expect_malformed(compact(bad, claims), bad);
}

TEST(CompactForm, AlgorithmIsHandedOnAsWrittenForTheKeyToDecide) {
    for (std::string_view name : {"none", "None", "HS256", "es256", "", "ES256 ", "PS512"}) {
        const std::string token = compact(R"({"alg":")" + std::string(name) + "\"}", claims);
        const auto parts = parse_compact(token);
        ASSERT_TRUE(parts) << name;
        EXPECT_EQ(parts->header->algorithm, name);
    }
}

TEST(CompactForm, KeyIdIsAStringIfAny) {
    for (std::string_view bad : {"1", "null", "[\"k\"]", "{}", "true"})
        expect_malformed(compact(R"({"alg":"ES256","kid":)" + std::string(bad) + "}", claims), bad);
    EXPECT_EQ(parse_compact(compact(R"({"alg":"ES256"})", claims))->header->key_id, "");
    EXPECT_EQ(parse_compact(compact(R"({"alg":"ES256","kid":"../../dev/null"})", claims))->header->key_id,
              "../../dev/null");
    EXPECT_EQ(parse_compact(compact(R"({"alg":"ES256","kid":"a\u0000b"})", claims))->header->key_id,
              std::string("a\0b", 3));
}

TEST(CompactForm, TypeIsComparedWithoutCaseAndApplicationPrefix) {
    const std::pair<std::string_view, std::string_view> types[] = {
        {"at+jwt", "at+jwt"},
        {"AT+JWT", "at+jwt"},
        {"At+Jwt", "at+jwt"},
        {"application/at+jwt", "at+jwt"},
        {"APPLICATION/AT+JWT", "at+jwt"},
        {"JWT", "jwt"},
        {"application/application/at+jwt", "application/at+jwt"},
        {"", ""},
        {" at+jwt", " at+jwt"},
        {"text/at+jwt", "text/at+jwt"}};
    for (const auto& [written, read] : types)
        EXPECT_EQ(parse_compact(compact(R"({"alg":"ES256","typ":")" + std::string(written) + "\"}", claims))
                      ->header->type,
                  read);
    EXPECT_EQ(parse_compact(compact(R"({"alg":"ES256"})", claims))->header->type, "");
    for (std::string_view bad : {"1", "null", "[\"at+jwt\"]", "{}"})
        expect_malformed(compact(R"({"alg":"ES256","typ":)" + std::string(bad) + "}", claims), bad);
}

TEST(CompactForm, AnyExtensionIsRefused) {
    for (std::string_view more : {R"("crit":[])", R"("crit":["exp"])", R"("crit":["alg"])",
                                  R"("crit":["b64"],"b64":false)", R"("crit":["b64"],"b64":true)",
                                  R"("crit":"exp")", R"("crit":null)", R"("crit":["unknown"],"unknown":1)",
                                  R"("b64":false)", R"("b64":true)", R"("\u0063rit":["exp"],"exp":1)"})
        expect_malformed(
            compact(R"({"alg":"ES256","typ":"at+jwt","kid":"k",)" + std::string(more) + "}", claims), more);
}

TEST(CompactForm, OtherHeaderMembersAreNeitherUsedNorRefused) {
    EXPECT_TRUE(parse_compact(compact(
        R"({"alg":"ES256","jku":"https://evil.example","x5u":"file:///x","jwk":{"kty":"EC"},"x5c":["MII"],"zip":"DEF","cty":"JWT"})",
        claims)));
}

TEST(CompactForm, ClaimsAreAJsonObjectWithUniqueMembers) {
    for (std::string_view bad : {"x", "[]", "[{}]", "null", "\"claims\"", "1", "{", R"({"exp":1,"exp":2})",
                                 R"({"exp":1,"\u0065xp":2})", R"({"a":{"b":1,"b":2}})", "\xef\xbb\xbf{}",
                                 "{\"a\":\"\xff\"}", R"({"a":"\ud800"})", R"({"exp":NaN})",
                                 R"({"exp":Infinity})", R"({"a":1} {"a":2})", R"({"a":[[[[[[[[1]]]]]]]]})"})
        expect_malformed(compact(header, bad), bad);
    expect_malformed(compact(header, {"{\0}\0", 4}), "UTF-16");
    EXPECT_TRUE(parse_compact(compact(header, "{}")));
    EXPECT_TRUE(parse_compact(compact(header, " {\n} ")));
}

}  // namespace
}  // namespace coatcheck::token
