// SPDX-License-Identifier: Apache-2.0
#include "token/jwk.hpp"
#include "base/reason.hpp"

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using crypto::Algorithm;
using crypto::PublicKey;
using crypto::SigningKey;

const PublicKey& key_of(Algorithm algorithm) {
    static const PublicKey ec = SigningKey::generate(Algorithm::es256).public_key();
    static const PublicKey ed = SigningKey::generate(Algorithm::eddsa).public_key();
    static const SigningKey rsa = SigningKey::generate(Algorithm::rs256);
    static const PublicKey rs = rsa.public_key(),
                           ps = SigningKey::from_pkcs8(Algorithm::ps256, rsa.to_pkcs8()).public_key();
    return algorithm == Algorithm::es256   ? ec
           : algorithm == Algorithm::eddsa ? ed
           : algorithm == Algorithm::rs256 ? rs
                                           : ps;
}

json::object jwk_of(Algorithm algorithm, std::string_view key_id = "k") {
    return parse_object(write_jwk_set({{std::string(key_id), key_of(algorithm)}}))
        ->at("keys")
        .as_array()
        .at(0)
        .as_object();
}

base::Result<std::vector<Jwk>> parse(std::initializer_list<json::object> keys) {
    json::array array;
    for (const auto& key : keys) array.push_back(key);
    return parse_jwk_set(json::serialize(json::object{{"keys", array}}));
}

// The set is good, and has no key for us.
bool passes_over(std::initializer_list<json::object> keys) {
    const auto set = parse(keys);
    return set && set->empty();
}

template <class Value>
json::object with(json::object jwk, std::string_view name, const Value& value) {
    jwk[name] = value;
    return jwk;
}

json::object without(json::object jwk, std::string_view name) {
    jwk.erase(name);
    return jwk;
}

TEST(Thumbprint, OfTheEd25519KeyIsThatOfRfc8037) {
    const auto key = PublicKey::from_ed25519(
        base::from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").value());
    EXPECT_EQ(thumbprint(key.value()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(Thumbprint, OfAnEcKeyHashesItsMembersInOrder) {
    // The key of RFC 7515 A.3. Another implementation computed the thumbprint of
    // {"crv":"P-256","kty":"EC","x":...,"y":...}.
    const auto key = PublicKey::from_ec_p256(
        base::from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value(),
        base::from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value());
    EXPECT_EQ(thumbprint(key.value()), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST(Thumbprint, OfAnRsaKeyHashesExponentTypeAndModulus) {
    const PublicKey& key = key_of(Algorithm::rs256);
    const std::string members = R"({"e":"AQAB","kty":"RSA","n":")" + base::base64url(key.parameter('n')) +
                                "\"}";
    EXPECT_EQ(thumbprint(key), base::base64url(crypto::sha256(members)));
}

TEST(JwkSet, HoldsPublicMembersAlone) {
    const std::pair<Algorithm, std::vector<std::string_view>> expected[] = {
        {Algorithm::es256, {"alg", "crv", "kid", "kty", "use", "x", "y"}},
        {Algorithm::eddsa, {"alg", "crv", "kid", "kty", "use", "x"}},
        {Algorithm::rs256, {"alg", "e", "kid", "kty", "n", "use"}},
        {Algorithm::ps256, {"alg", "e", "kid", "kty", "n", "use"}}};
    for (const auto& [algorithm, names] : expected) {
        const json::object jwk = jwk_of(algorithm);
        EXPECT_EQ(jwk.size(), names.size());
        for (std::string_view name : names) EXPECT_TRUE(jwk.contains(name)) << name;
        EXPECT_EQ(jwk.at("alg").as_string(), crypto::name_of(algorithm));
        EXPECT_EQ(jwk.at("use"), "sig");
        EXPECT_EQ(jwk.at("kid"), "k");
    }
}

TEST(JwkSet, ReadsBackAsItWasWritten) {
    std::vector<Jwk> keys;
    for (Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256, Algorithm::ps256})
        keys.push_back({std::string(crypto::name_of(algorithm)), key_of(algorithm)});
    const std::string text = write_jwk_set(keys);
    const auto again = parse_jwk_set(text);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ((*again)[i].key_id, keys[i].key_id);
        EXPECT_EQ((*again)[i].key.algorithm(), keys[i].key.algorithm());
    }
    EXPECT_EQ(write_jwk_set(*again), text);
    EXPECT_EQ(write_jwk_set({}), R"({"keys":[]})");
    EXPECT_TRUE(parse_jwk_set(R"({"keys":[]})")->empty());
}

TEST(JwkSet, IsAnObjectWithAListOfObjects) {
    for (std::string_view text : {"", "{}", "[]", "null", R"({"keys":{}})", R"({"keys":null})",
                                  R"({"keys":[1]})", R"({"keys":["k"]})", R"({"keys":[null]})",
                                  R"({"keys":[[]]})", R"({"KEYS":[]})", R"({"keys":[]}x)"}) {
        const auto set = parse_jwk_set(text);
        ASSERT_FALSE(set) << text;
        EXPECT_EQ(set.error().reason, base::Reason::malformed_json) << text;
    }
    EXPECT_FALSE(parse_jwk_set(R"({"keys":[],"keys":[]})"));
    EXPECT_TRUE(parse_jwk_set(R"({"keys":[],"more":1})"));
}

TEST(JwkSet, OtherKeyTypesArePassedOver) {
    const auto set = parse({{{"kty", "AKP"}, {"alg", "ML-DSA-44"}, {"pub", "AA"}},
                            jwk_of(Algorithm::es256),
                            {{"kty", "new"}},
                            {{"crv", "P-256"}}});
    ASSERT_TRUE(set);
    ASSERT_EQ(set->size(), 1u);
    EXPECT_EQ(set->front().key_id, "k");
}

TEST(JwkSet, SymmetricMemberRefusesTheWholeSet) {
    EXPECT_FALSE(
        parse({jwk_of(Algorithm::es256), {{"kty", "oct"}, {"k", "AAAA"}, {"alg", "HS256"}, {"kid", "h"}}}));
}

TEST(JwkSet, PrivateMemberRefusesTheWholeSet) {
    for (Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256})
        EXPECT_FALSE(parse({with(jwk_of(algorithm), "d", "AAAA")}));
    EXPECT_FALSE(parse({with(jwk_of(Algorithm::es256), "d", nullptr)}));
    EXPECT_FALSE(parse({jwk_of(Algorithm::es256, "a"), with(jwk_of(Algorithm::eddsa, "b"), "d", "AAAA")}));
}

TEST(JwkSet, FactorOfAnRsaModulusRefusesTheWholeSet) {
    // RFC 7518 §6.3.2: each of these members belongs to the private key.
    for (std::string_view name : {"p", "q", "dp", "dq", "qi", "oth"})
        EXPECT_FALSE(parse({with(jwk_of(Algorithm::rs256), name, "AAAA")})) << name;
}

TEST(JwkSet, KeyIdIsThereAndTheFirstOfTwoCounts) {
    EXPECT_TRUE(passes_over({without(jwk_of(Algorithm::es256), "kid")}));
    EXPECT_TRUE(passes_over({jwk_of(Algorithm::es256, "")}));
    EXPECT_TRUE(passes_over({with(jwk_of(Algorithm::es256), "kid", 1)}));
    const auto same = parse({jwk_of(Algorithm::es256, "same"), jwk_of(Algorithm::eddsa, "same")});
    ASSERT_EQ(same->size(), 1U);
    EXPECT_EQ(same->front().key.algorithm(), Algorithm::es256);
    EXPECT_EQ(parse({jwk_of(Algorithm::es256, "one"), jwk_of(Algorithm::es256, "One")})->size(), 2U);
}

TEST(JwkSet, KeyNamesTheOneAlgorithmItIsFor) {
    for (Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
        EXPECT_TRUE(passes_over({without(jwk_of(algorithm), "alg")}));
        for (std::string_view name :
             {"", "none", "HS256", "ES384", "ES256K", "RS512", "RSA1_5", "es256", "RSA-OAEP"})
            EXPECT_TRUE(passes_over({with(jwk_of(algorithm), "alg", name)})) << name;
        for (Algorithm other : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
            if (other == algorithm) continue;
            EXPECT_TRUE(passes_over({with(jwk_of(algorithm), "alg", crypto::name_of(other))}));
        }
    }
    EXPECT_EQ(parse({with(jwk_of(Algorithm::eddsa), "alg", "Ed25519")})->front().key.algorithm(),
              Algorithm::eddsa);
}

TEST(JwkSet, KeyIsForVerifying) {
    const json::object jwk = jwk_of(Algorithm::es256);
    EXPECT_EQ(parse({without(jwk, "use")})->size(), 1U);
    for (const json::value& use :
         {json::value("enc"), json::value(""), json::value("SIG"), json::value(nullptr), json::value(1)})
        EXPECT_TRUE(passes_over({with(jwk, "use", use)}));
    EXPECT_EQ(parse({with(jwk, "key_ops", json::array{"verify"})})->size(), 1U);
    EXPECT_EQ(parse({with(jwk, "key_ops", json::array{"sign", "verify"})})->size(), 1U);
    for (const json::value& operations :
         {json::value(json::array{"sign"}), json::value(json::array{"encrypt"}), json::value(json::array{}),
          json::value("verify"), json::value(nullptr), json::value(json::array{"sign, verify"})})
        EXPECT_TRUE(passes_over({with(jwk, "key_ops", operations)}));
}

TEST(JwkSet, TypeAndCurveFitTheAlgorithm) {
    const json::object jwk = jwk_of(Algorithm::es256), okp = jwk_of(Algorithm::eddsa);
    EXPECT_TRUE(passes_over({with(jwk, "kty", "RSA")}));
    EXPECT_TRUE(passes_over({with(jwk, "kty", "OKP")}));
    for (std::string_view curve : {"P-384", "P-521", "secp256k1", "p-256", "", "Ed25519"})
        EXPECT_TRUE(passes_over({with(jwk, "crv", curve)})) << curve;
    for (std::string_view curve : {"Ed448", "X25519", "ed25519", "", "P-256"})
        EXPECT_TRUE(passes_over({with(okp, "crv", curve)})) << curve;
    EXPECT_TRUE(passes_over({without(jwk, "crv")}));
}

TEST(JwkSet, CoordinatesAreCanonicalAndOnTheCurve) {
    const json::object jwk = jwk_of(Algorithm::es256);
    for (std::string_view name : {"x", "y"}) {
        const std::string text(jwk.at(name).as_string());
        for (const std::string& bad :
             {std::string(), text + "=", text.substr(1), 'A' + text, text + "A", ' ' + text,
              base::base64url('\0' + base::from_base64url(text).value())})
            EXPECT_TRUE(passes_over({with(jwk, name, bad)})) << bad;
        EXPECT_TRUE(passes_over({without(jwk, name)}));
        EXPECT_TRUE(passes_over({with(jwk, name, 1)}));
        std::string other = text;
        other[5] = other[5] == 'A' ? 'B' : 'A';
        EXPECT_TRUE(passes_over({with(jwk, name, other)}));
    }
}

TEST(JwkSet, RsaNumbersHaveNoLeadingZero) {
    const json::object jwk = jwk_of(Algorithm::rs256);
    const std::string n = base::from_base64url(std::string_view(jwk.at("n").as_string())).value();
    EXPECT_EQ(parse({jwk})->size(), 1U);
    EXPECT_TRUE(passes_over({with(jwk, "n", base::base64url('\0' + n))}));
    EXPECT_TRUE(passes_over({with(jwk, "e", "AAEAAQ")}));
    EXPECT_TRUE(passes_over({with(jwk, "n", base::base64url(n.substr(0, 256)))}));  // 2048 bits
    for (std::string_view e : {"AQ", "Aw", "AAAA", "", "AQAA"})
        EXPECT_TRUE(passes_over({with(jwk, "e", e)})) << e;
    EXPECT_TRUE(passes_over({without(jwk, "e")}));
}

TEST(JwkSet, TakesUpTo32Keys) {
    std::vector<Jwk> keys;
    while (keys.size() < 32) keys.push_back({"k" + std::to_string(keys.size()), key_of(Algorithm::es256)});
    const auto set = parse_jwk_set(write_jwk_set(keys));
    EXPECT_TRUE(set && set->size() == 32);
    keys.push_back({"one too many", key_of(Algorithm::es256)});
    EXPECT_FALSE(parse_jwk_set(write_jwk_set(keys)));
}

TEST(JwkSet, TakesUpTo64KiB) {
    const std::string start = R"({"keys":[],"pad":")", end = "\"}";
    const auto of_size = [&](std::size_t size) {
        return start + std::string(size - start.size() - end.size(), 'x') + end;
    };
    EXPECT_TRUE(parse_jwk_set(of_size(64 * 1024)));
    EXPECT_FALSE(parse_jwk_set(of_size(64 * 1024 + 1)));
}

}  // namespace
}  // namespace coatcheck::token
