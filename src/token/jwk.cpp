// SPDX-License-Identifier: Apache-2.0
#include "token/jwk.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;
using crypto::Algorithm;

constexpr std::size_t max_set_bytes = 64 * 1024;
constexpr std::size_t max_keys = 32;

// The required members in lexicographic order, as RFC 7638 §3.2 demands.
json::object required_members(const crypto::PublicKey& key) {
    const auto text = [&](char name) { return base::base64url(key.parameter(name)); };
    switch (key.algorithm()) {
        case Algorithm::es256: return {{"crv", "P-256"}, {"kty", "EC"}, {"x", text('x')}, {"y", text('y')}};
        case Algorithm::eddsa: return {{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", text('x')}};
        case Algorithm::rs256:
        case Algorithm::ps256: return {{"e", text('e')}, {"kty", "RSA"}, {"n", text('n')}};
    }
    std::abort();
}

std::optional<std::string> bytes_member(const json::object& jwk, std::string_view name) {
    const auto* text = string_member(jwk, name);
    if (text == nullptr) return std::nullopt;
    return base::from_base64url({text->data(), text->size()});
}

std::string_view text_member(const json::object& jwk, std::string_view name) {
    const auto* text = string_member(jwk, name);
    return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

bool is_for_verifying(const json::object& jwk) {
    if (jwk.contains("use") && text_member(jwk, "use") != "sig") return false;
    const auto* operations = jwk.if_contains("key_ops");
    if (operations == nullptr) return true;
    const auto* list = operations->if_array();
    return list != nullptr && std::find(list->begin(), list->end(), "verify") != list->end();
}

// These members are secret (RFC 7518 §6.2.2, §6.3.2, §6.4.1): a set that has one has published a secret.
bool has_secret(const json::object& jwk) {
    constexpr const char* secrets[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    return std::any_of(std::begin(secrets), std::end(secrets),
                       [&](const char* name) { return jwk.contains(name); });
}

std::optional<crypto::PublicKey> read_key(const json::object& jwk, Algorithm algorithm, int min_rsa_bits) {
    const std::string_view type = text_member(jwk, "kty"), curve = text_member(jwk, "crv");
    const auto x = bytes_member(jwk, "x"), y = bytes_member(jwk, "y");
    const auto n = bytes_member(jwk, "n"), e = bytes_member(jwk, "e");
    switch (algorithm) {
        case Algorithm::es256:
            if (type != "EC" || curve != "P-256" || !x || !y) return std::nullopt;
            return crypto::PublicKey::from_ec_p256(*x, *y);
        case Algorithm::eddsa:
            if (type != "OKP" || curve != "Ed25519" || !x) return std::nullopt;
            return crypto::PublicKey::from_ed25519(*x);
        case Algorithm::rs256:
        case Algorithm::ps256:
            // A leading zero byte would give one number two encodings (RFC 7518 §2, Base64urlUInt).
            if (type != "RSA" || !n || !e || n->starts_with('\0') || e->starts_with('\0'))
                return std::nullopt;
            return crypto::PublicKey::from_rsa(algorithm, *n, *e, min_rsa_bits);
    }
    return std::nullopt;
}

}  // namespace

std::string thumbprint(const crypto::PublicKey& key) {
    return base::base64url(crypto::sha256(json::serialize(required_members(key))));
}

std::string write_jwk_set(const std::vector<Jwk>& keys) {
    json::array array;
    for (const auto& [key_id, key] : keys) {
        json::object jwk = required_members(key);
        jwk["alg"] = crypto::name_of(key.algorithm());
        jwk["use"] = "sig";
        jwk["kid"] = key_id;
        array.push_back(std::move(jwk));
    }
    return json::serialize(json::object{{"keys", std::move(array)}});
}

base::Result<std::vector<Jwk>> parse_jwk_set(std::string_view text, int min_rsa_bits,
                                             std::optional<Algorithm> otherwise) {
    const Denied refused{Reason::malformed_json};
    if (text.size() > max_set_bytes) return refused;
    constexpr std::size_t members_of_a_key = 16;
    auto value = parse_object(text, max_keys * members_of_a_key);
    if (!value) return value.error();
    const auto* array = value->if_contains("keys");
    if (array == nullptr || !array->is_array() || array->get_array().size() > max_keys) return refused;
    std::vector<Jwk> keys;
    for (const auto& element : array->get_array()) {
        const auto* jwk = element.if_object();
        if (jwk == nullptr || has_secret(*jwk)) return refused;
        const auto algorithm = jwk->contains("alg") ? crypto::algorithm_named(text_member(*jwk, "alg"))
                                                    : otherwise;
        const std::string key_id(text_member(*jwk, "kid"));
        if (!algorithm || key_id.empty() || !is_for_verifying(*jwk)) continue;
        auto key = read_key(*jwk, *algorithm, min_rsa_bits);
        const bool is_taken = std::any_of(keys.begin(), keys.end(),
                                          [&](const Jwk& k) { return k.key_id == key_id; });
        if (key && !is_taken) keys.push_back({key_id, *std::move(key)});
    }
    return keys;
}

}  // namespace coatcheck::token
