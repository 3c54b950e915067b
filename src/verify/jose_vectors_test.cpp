// SPDX-License-Identifier: Apache-2.0
// Wycheproof's JSON Web Keys and Signatures. Their payloads are not claims, so prove() refuses all of them.
// This test therefore checks each step before the claims (key set, form, key, algorithm, signature) by
// itself.
#include "../tests/vectors/vectors.hpp"
#include "base/bytes.hpp"
#include "token/json.hpp"
#include "verify/verifier.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace coatcheck::verify {
namespace {

namespace json = boost::json;

std::string member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Why we refuse a key that others may accept; empty if there is no such reason.
std::string why_refused(const json::object& jwk) {
    if (member(jwk, "kty") == "oct") return "symmetric key";
    const std::string algorithm = member(jwk, "alg");
    if (!crypto::algorithm_named(algorithm)) return "key for an algorithm that we do not speak";
    const auto modulus = base::from_base64url(member(jwk, "n"));
    if (member(jwk, "kty") == "RSA" && modulus && modulus->size() < 384) return "RSA key under 3072 bits";
    return {};
}

// Makes the checks of prove() up to the signature.
bool is_signed(std::string_view jws, const std::vector<token::Jwk>& keys) {
    const auto first = jws.find('.'), last = jws.rfind('.');
    if (first == std::string_view::npos || first == last || jws.find('.', first + 1) != last) return false;
    const auto header_json = base::from_base64url(jws.substr(0, first));
    const auto payload = base::from_base64url(jws.substr(first + 1, last - first - 1));
    const auto signature = base::from_base64url(jws.substr(last + 1));
    if (!header_json || !payload || !signature) return false;
    const auto header = token::parse_object(*header_json);
    if (!header || header->contains("crit") || header->contains("b64")) return false;
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const auto& k) { return k.key_id == member(*header, "kid"); });
    if (key == keys.end() || crypto::algorithm_named(member(*header, "alg")) != key->key.algorithm())
        return false;
    return key->key.verify(jws.substr(0, last), *signature);
}

void run(const std::string& name, int expected) {
    const auto folder = vectors::find("wycheproof");
    if (!folder) GTEST_SKIP() << vectors::absent;
    vectors::Tally tally("wycheproof " + name);
    const auto document = vectors::read_json(*folder / (name + "_test.json"));
    int sets_taken = 0, with_key = 0;
    for (const auto& group : document.at("testGroups").as_array()) {
        const auto& object = group.as_object();
        json::value keys = object.contains("public") ? object.at("public") : object.at("private");
        if (!keys.as_object().contains("keys")) keys = json::object{{"keys", json::array{keys}}};
        std::string why;
        for (const auto& jwk : keys.at("keys").as_array())
            if (why.empty()) why = why_refused(jwk.as_object());
        // The reason counts only if the set has no other key.
        const auto parsed = token::parse_jwk_set(json::serialize(keys));
        const auto set = parsed ? *parsed : std::vector<token::Jwk>();
        if (!set.empty()) {
            EXPECT_TRUE(why.empty() || set.size() < keys.at("keys").as_array().size())
                << object.at("comment");
            ++sets_taken;
        }
        KeySet key_set;
        key_set.replace(set);
        for (const auto& test : object.at("tests").as_array()) {
            const std::string id = std::to_string(test.at("tcId").as_int64());
            const auto* text = test.at("jws").if_string();
            const std::string jws = text != nullptr ? std::string(*text) : json::serialize(test.at("jws"));
            with_key += !set.empty();
            tally.judge(id, vectors::result_of(test), is_signed(jws, set), set.empty() ? why : "");
            if (prove(jws, key_set, {"issuer", "audience"}))
                tally.unexplained(id, "prove() took what holds no claims");
        }
    }
    tally.report();
    EXPECT_EQ(tally.run(), document.at("numberOfTests").as_int64());
    EXPECT_GE(tally.run(), expected);
    std::printf(
        "vectors:   %d of %zu key sets taken; %d of %d came to the signature, the others fell with their "
        "key\n",
        sets_taken, document.at("testGroups").as_array().size(), with_key, tally.run());
}

TEST(JoseVectors, KeySetsOfWycheproof) { run("json_web_key", 26); }
TEST(JoseVectors, SignaturesOfWycheproof) { run("json_web_signature", 400); }

}  // namespace
}  // namespace coatcheck::verify
