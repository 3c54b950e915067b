// SPDX-License-Identifier: Apache-2.0
// The claims of an access token (RFC 9068), written by mint() and read back.
#include "token/claims.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "token/json.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using base::from_unix_millis;
using base::from_unix_seconds;
using base::Reason;

const crypto::SigningKey& key() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::es256);
    return key;
}

AccessClaims some_claims() {
    AccessClaims claims;
    claims.issuer = "http://localhost:8080";
    claims.subject = base::random_id();
    claims.audience = {"http://localhost:8080"};
    claims.issued = from_unix_seconds(1'800'000'000);
    claims.expires = from_unix_seconds(1'800'000'900);
    claims.id = base::random_id();
    claims.session = base::random_id();
    claims.authenticated = from_unix_seconds(1'799'990'000);
    claims.methods = {"pwd"};
    claims.username = "alice";
    claims.roles = {"admin"};
    claims.version = 3;
    return claims;
}

json::object minted(const AccessClaims& claims) {
    const std::string token = mint(claims, "kid", key());
    return parse_object(parse_compact(token).value().claims_json).value();
}

// The claims that Coatcheck issues. The tests change them one at a time.
json::object good() { return minted(some_claims()); }

base::Result<AccessClaims> read(const json::object& claims) { return parse_claims(json::serialize(claims)); }

base::Result<AccessClaims> read_with(std::string_view name, std::string_view value) {
    std::string text = json::serialize([&] {
        auto claims = good();
        claims.erase(name);
        return claims;
    }());
    text.back() = ',';
    return parse_claims(text.append("\"").append(name).append("\":").append(value).append("}"));
}

TEST(Mint, TokenReadsBackAsItsClaims) {
    AccessClaims claims = some_claims();
    claims.audience = {"https://a.example", "https://b.example"};
    claims.roles = {"admin", "J\u00f6rg", ""};
    for (auto algorithm : {crypto::Algorithm::es256, crypto::Algorithm::eddsa}) {
        const auto signing = crypto::SigningKey::generate(algorithm);
        const std::string token = mint(claims, "the key", signing);
        const auto parts = parse_compact(token);
        ASSERT_TRUE(parts);
        EXPECT_EQ(parts->header->algorithm, crypto::name_of(algorithm));
        EXPECT_EQ(parts->header->key_id, "the key");
        EXPECT_EQ(parts->header->type, "at+jwt");
        EXPECT_TRUE(signing.public_key().verify(parts->signing_input, parts->signature));
        const auto read_back = parse_claims(parts->claims_json);
        ASSERT_TRUE(read_back);
        EXPECT_EQ(read_back->issuer, claims.issuer);
        EXPECT_EQ(read_back->subject, claims.subject);
        EXPECT_EQ(read_back->audience, claims.audience);
        EXPECT_EQ(read_back->issued, claims.issued);
        EXPECT_EQ(read_back->expires, claims.expires);
        EXPECT_EQ(read_back->not_before, base::Timestamp{});
        EXPECT_EQ(read_back->id, claims.id);
        EXPECT_EQ(read_back->client, "coatcheck");
        EXPECT_EQ(read_back->scope, "account");
        EXPECT_EQ(read_back->session, claims.session);
        EXPECT_EQ(read_back->authenticated, claims.authenticated);
        EXPECT_EQ(read_back->username, claims.username);
        EXPECT_EQ(read_back->roles, claims.roles);
        EXPECT_EQ(read_back->version, claims.version);
    }
}

TEST(Mint, TokenHoldsExactlyTheClaimsOfRfc9068AndOurs) {
    const json::object claims = good();
    const std::string_view names[] = {"iss",       "sub",   "aud", "exp",       "iat", "jti",
                                      "client_id", "scope", "sid", "auth_time", "amr", "preferred_username",
                                      "roles",     "ver"};
    for (std::string_view name : names) EXPECT_TRUE(claims.contains(name)) << name;
    EXPECT_EQ(claims.size(), std::size(names));  // no nbf
    EXPECT_EQ(claims.at("amr"), json::array({"pwd"}));
    EXPECT_TRUE(claims.at("aud").is_string());
    EXPECT_TRUE(claims.at("exp").is_int64());
    EXPECT_EQ(claims.at("exp"), 1'800'000'900);
}

TEST(Mint, HeaderHoldsAlgorithmTypeAndKeyAlone) {
    EXPECT_EQ(parse_compact(mint(some_claims(), "k1", key())).value().header->json,
              R"({"alg":"ES256","typ":"at+jwt","kid":"k1"})");
}

TEST(Mint, DefaultTokenIsUnder700Bytes) {
    AccessClaims claims = some_claims();
    claims.roles = {};
    const std::string kid = base::base64url(std::string(32, '\xff'));  // a thumbprint has 43 characters
    EXPECT_LT(mint(claims, kid, key()).size(), 700u);
}

TEST(Mint, DefaultTokenIsTakenByTheFormThatReadsIt) {
    EXPECT_TRUE(parse_compact(mint(some_claims(), base::random_id(), key())));
}

TEST(Mint, TextOfUsersStaysText) {
    for (const std::string& name :
         {std::string(R"(","role":"admin)"), std::string("\\u0022"), std::string("\\"), std::string("\n"),
          std::string("</script>"), std::string("\u2028"), std::string("a\0b", 3),
          std::string("\U0001f600")}) {
        AccessClaims claims = some_claims();
        claims.username = name;
        claims.roles = {name};
        const json::object object = minted(claims);
        EXPECT_EQ(object.size(), good().size());
        EXPECT_EQ(object.at("preferred_username").as_string(), name);
        EXPECT_EQ(object.at("roles").as_array().at(0).as_string(), name);
    }
}

TEST(Mint, ClaimsOfTheApplicationNeverOverrideOurs) {
    AccessClaims claims = some_claims();
    claims.extra =
        R"({"sub":"root","iss":"evil","exp":9999999999,"roles":["root"],"ver":99,"aud":"other","nbf":1,"cnf":{},"act":{},"tenant":"t1","limits":{"a":1}})";
    json::object object = minted(claims);
    EXPECT_EQ(object.at("tenant"), "t1");
    EXPECT_EQ(object.at("limits").at("a"), 1);
    object.erase("tenant");
    object.erase("limits");
    EXPECT_EQ(object, minted([&] {
                  auto plain = claims;
                  plain.extra = "{}";
                  return plain;
              }()));
}

TEST(Mint, ClaimsOfTheApplicationThatAreNoObjectAreLeftOut) {
    for (std::string_view extra : {"", "[]", "null", "{", R"({"a":1,"a":2})"}) {
        AccessClaims claims = some_claims();
        claims.extra = extra;
        EXPECT_EQ(minted(claims).size(), good().size()) << extra;
    }
}

TEST(Mint, TokenWithAsManyApplicationClaimsAsAUserMayHaveIsReadable) {
    // A user may have up to 64 members in up to 1024 bytes.
    json::object extra;
    for (std::size_t i = 0; i < max_json_members; ++i) extra["c" + std::to_string(i)] = 1;
    AccessClaims claims = some_claims();
    claims.extra = json::serialize(extra);
    ASSERT_LE(claims.extra.size(), 1024u);
    ASSERT_TRUE(parse_object(claims.extra));
    EXPECT_TRUE(parse_compact(mint(claims, "k", key())));
}

TEST(ReservedClaims, AreThoseOfTheProtocol) {
    const json::object claims = good();
    for (const auto& [name, value] : claims) EXPECT_TRUE(is_reserved_claim(name)) << name;
    for (std::string_view name :
         {"nbf", "cnf", "act", "azp", "nonce", "acr", "status", "events", "typ", "email"})
        EXPECT_TRUE(is_reserved_claim(name)) << name;
    for (std::string_view name : {"", "tenant", "ISS", "sub ", "role", "name"})
        EXPECT_FALSE(is_reserved_claim(name)) << name;
}

TEST(ParseClaims, EachOfOursMustBeThere) {
    ASSERT_TRUE(read(good()));
    for (std::string_view name : {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid",
                                  "auth_time", "preferred_username", "roles", "ver"}) {
        json::object claims = good();
        claims.erase(name);
        const auto result = read(claims);
        ASSERT_FALSE(result) << name;
        EXPECT_EQ(result.error().reason, Reason::token_malformed);
    }
}

TEST(ParseClaims, EachOfOursMustHaveItsType) {
    for (std::string_view name : {"iss", "sub", "jti", "client_id", "scope", "sid", "preferred_username"})
        for (std::string_view bad : {"1", "null", "true", "[]", "[\"x\"]", "{}"})
            EXPECT_FALSE(read_with(name, bad)) << name << " " << bad;
    for (std::string_view bad : {"\"admin\"", "null", "1", "{}", "[1]", "[\"a\",null]", "[[\"a\"]]"})
        EXPECT_FALSE(read_with("roles", bad)) << bad;
    EXPECT_TRUE(read_with("roles", "[]"));
    for (std::string_view bad :
         {"\"3\"", "null", "-1", "1.5", "3.0", "1e1", "true", "[3]", "9223372036854775808"})
        EXPECT_FALSE(read_with("ver", bad)) << bad;
    EXPECT_TRUE(read_with("ver", "0"));
    EXPECT_TRUE(read_with("ver", "9223372036854775807"));
}

TEST(ParseClaims, SubjectIsNotEmpty) { EXPECT_FALSE(read_with("sub", "\"\"")); }

TEST(ParseClaims, AudienceIsAStringOrAListOfThem) {
    EXPECT_EQ(read_with("aud", R"("one")")->audience, std::vector<std::string>{"one"});
    EXPECT_EQ(read_with("aud", R"(["one"])")->audience, std::vector<std::string>{"one"});
    EXPECT_EQ(read_with("aud", R"(["one","two"])")->audience, (std::vector<std::string>{"one", "two"}));
    for (std::string_view bad :
         {"[]", "[[\"one\"]]", "{}", "{\"one\":1}", "1", "null", "true", "[\"one\",1]", "[null]"})
        EXPECT_FALSE(read_with("aud", bad)) << bad;
}

TEST(ParseClaims, DateIsANumberPerhapsWithAFraction) {
    EXPECT_EQ(read_with("exp", "1800000000")->expires, from_unix_seconds(1'800'000'000));
    EXPECT_EQ(read_with("exp", "1800000000.0")->expires, from_unix_seconds(1'800'000'000));
    EXPECT_EQ(read_with("exp", "1.8e9")->expires, from_unix_seconds(1'800'000'000));
    EXPECT_EQ(read_with("exp", "1.5")->expires, from_unix_millis(1500));
    EXPECT_EQ(read_with("exp", "0.9999")->expires, from_unix_millis(999));  // rounded down, never up
    EXPECT_EQ(read_with("exp", "0")->expires, from_unix_seconds(0));
    EXPECT_EQ(read_with("exp", "253402300799")->expires, from_unix_seconds(253'402'300'799));
}

TEST(ParseClaims, AnythingElseIsNoDate) {
    for (std::string_view name : {"exp", "iat", "auth_time", "nbf"})
        for (std::string_view bad : {"\"1800000000\"",
                                     "\"\"",
                                     "null",
                                     "true",
                                     "false",
                                     "[]",
                                     "[1800000000]",
                                     "{}",
                                     "-1",
                                     "-0.5",
                                     "253402300800",
                                     "1e400",
                                     "-1e400",
                                     "1e308",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "18446744073709551615",
                                     "18446744073709551616",
                                     "99999999999999999999999999999999",
                                     "NaN",
                                     "Infinity",
                                     "0x10",
                                     "1_000"}) {
            const auto result = read_with(name, bad);
            ASSERT_FALSE(result) << name << " " << bad;
            EXPECT_EQ(result.error().reason, Reason::token_malformed);
        }
}

TEST(ParseClaims, NotBeforeIsReadWhenThere) {
    EXPECT_EQ(read(good())->not_before, base::Timestamp{});
    EXPECT_EQ(read_with("nbf", "1800000000")->not_before, from_unix_seconds(1'800'000'000));
}

TEST(ParseClaims, OtherClaimsAreNoMatter) { EXPECT_TRUE(read_with("tenant", R"({"a":[1,2,{"b":null}]})")); }

TEST(ParseClaims, DuplicatesAreRefusedHoweverEscaped) {
    for (std::string_view more :
         {R"("exp":9999999999)", R"("\u0065xp":9999999999)", R"("sub":"root")", R"("x":1,"x":1)"}) {
        std::string text = json::serialize(good());
        text.back() = ',';
        EXPECT_FALSE(parse_claims(text.append(more).append("}"))) << more;
    }
}

TEST(ParseClaims, NamesAreCaseSensitive) {
    json::object claims = good();
    claims["EXP"] = claims.at("exp");
    claims.erase("exp");
    EXPECT_FALSE(read(claims));
}

}  // namespace
}  // namespace coatcheck::token
