// SPDX-License-Identifier: Apache-2.0
#include "token/claims.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "token/json.hpp"
#include "token/sign_compact.hpp"
#include "token/status_list.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

constexpr std::array<std::string_view, 24> reserved_claims = {
    "iss",       "sub",    "aud",   "exp",       "nbf", "iat",   "jti",
    "client_id", "scope",  "sid",   "auth_time", "amr", "acr",   "preferred_username",
    "roles",     "ver",    "cnf",   "act",       "azp", "nonce", "typ",
    "email",     "events", "status"};

Denied malformed(std::string detail) { return Denied{Reason::token_malformed, {}, std::move(detail)}; }

json::array strings(const std::vector<std::string>& values, json::storage_ptr storage) {
    json::array array(std::move(storage));
    array.reserve(values.size());
    for (const auto& value : values) array.emplace_back(value);
    return array;
}

// NumericDate: a JSON number, possibly with a fraction, between 1970 and the year 9999 (RFC 7519 §2).
bool read_date(const json::object& claims, std::string_view name, base::Timestamp& out) {
    const auto* value = claims.if_contains(name);
    if (value == nullptr || !value->is_number()) return false;
    const double seconds = value->is_double() ? value->get_double() : value->to_number<double>();
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 253402300799.0) return false;
    out = base::from_unix_millis(static_cast<std::int64_t>(std::floor(seconds * 1000)));
    return true;
}

bool read_string(const json::object& claims, std::string_view name, std::string& out) {
    const auto* value = string_member(claims, name);
    if (value == nullptr) return false;
    out.assign(value->data(), value->size());
    return true;
}

bool read_strings(const json::object& claims, std::string_view name, std::vector<std::string>& out) {
    const auto* value = claims.if_contains(name);
    if (value == nullptr || !value->is_array()) return false;
    for (const auto& element : value->get_array()) {
        if (!element.is_string()) return false;
        out.emplace_back(element.get_string().c_str(), element.get_string().size());
    }
    return true;
}

// aud: one string, or a non-empty array of strings (RFC 7519 §4.1.3).
bool read_audience(const json::object& claims, std::vector<std::string>& out) {
    std::string single;
    if (read_string(claims, "aud", single)) {
        out.push_back(std::move(single));
        return true;
    }
    return read_strings(claims, "aud", out) && !out.empty();
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    return out;
}

Result<Header> parse_header(std::string_view encoded) {
    auto text = base::from_base64url(encoded);
    if (!text) return malformed("a part is not canonical base64url");
    if (text->size() > max_header_bytes) return malformed("the header is too large");
    JsonArena<2048> arena;
    const auto object = parse_object(*text, max_json_members, arena);
    if (!object) return malformed("the header is not a JSON object with unique members");
    // RFC 7515 §4.1.11: a token with an extension that we do not understand is invalid. We understand none.
    if (object->contains("crit") || object->contains("b64"))
        return malformed("the header has crit or b64, and no extension is accepted");
    Header header{std::string(encoded), *std::move(text), {}, {}, {}};
    if (!read_string(*object, "alg", header.algorithm)) return malformed("alg is missing or not a string");
    if (object->contains("kid") && !read_string(*object, "kid", header.key_id))
        return malformed("kid is not a string");
    if (object->contains("typ")) {
        std::string type;
        if (!read_string(*object, "typ", type)) return malformed("typ is not a string");
        header.type = lower(type);
        if (header.type.starts_with("application/")) header.type.erase(0, 12);
    }
    return header;
}

// All tokens of one key have the same header. Each thread keeps the last header that it has read, so that
// reading the same header again costs only a comparison.
Result<std::shared_ptr<const Header>> read_header(std::string_view encoded) {
    thread_local std::shared_ptr<const Header> last;
    if (last && last->encoded == encoded) return last;
    auto header = parse_header(encoded);
    if (!header) return header.error();
    return last = std::make_shared<const Header>(*std::move(header));
}

// The claims together with their memory: one allocation, instead of one for each claim.
struct ParsedClaims {
    JsonArena<4096> arena;
    std::optional<json::object> object;
};

}  // namespace

bool is_reserved_claim(std::string_view name) {
    return std::find(reserved_claims.begin(), reserved_claims.end(), name) != reserved_claims.end();
}

std::string mint(const AccessClaims& claims, std::string_view key_id, const crypto::SigningKey& key) {
    JsonArena<4096> arena;
    const json::storage_ptr storage = arena;
    json::object body(16, storage);
    body["iss"] = claims.issuer;
    body["sub"] = claims.subject;
    if (claims.audience.size() == 1) body["aud"] = claims.audience.front();
    else body["aud"] = strings(claims.audience, storage);
    body["exp"] = base::unix_seconds(claims.expires);
    body["iat"] = base::unix_seconds(claims.issued);
    body["jti"] = claims.id;
    body["client_id"] = claims.client;
    body["scope"] = claims.scope;
    body["sid"] = claims.session;
    body["auth_time"] = base::unix_seconds(claims.authenticated);
    if (!claims.methods.empty()) body["amr"] = strings(claims.methods, storage);
    body["preferred_username"] = claims.username;
    body["roles"] = strings(claims.roles, storage);
    body["ver"] = claims.version;
    if (claims.status) {
        const json::object index{{"idx", *claims.status % status_list_size},
                                 {"uri", status_list_uri(claims.issuer, *claims.status / status_list_size)}};
        body["status"] = json::object{{"status_list", index}};
    }
    if (auto extra = parse_object(claims.extra, max_json_members, storage))
        for (const auto& [name, value] : *extra)
            if (!is_reserved_claim(name)) body[name] = value;
    return sign_compact("at+jwt", body, key_id, key);
}

Result<CompactToken> parse_compact(std::string_view token) {
    if (token.empty() || token.size() > max_token_bytes)
        return malformed("a token must have 1 to 8192 bytes");
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return malformed("a token must have three parts");
    if (first == 0 || second == first + 1 || second + 1 == token.size()) return malformed("a part is empty");
    CompactToken parts;
    parts.signing_input = token.substr(0, second);
    auto header = read_header(token.substr(0, first));
    if (!header) return header.error();
    auto claims_json = base::from_base64url(token.substr(first + 1, second - first - 1));
    auto signature = base::from_base64url(token.substr(second + 1));
    if (!claims_json || !signature) return malformed("a part is not canonical base64url");
    const auto tree = std::make_shared_for_overwrite<ParsedClaims>();
    auto claims = parse_object(*claims_json, max_claims, tree->arena);
    if (!claims) return malformed("the claims are not a JSON object with unique members");
    // Shares ownership with `tree`, which holds the object's memory.
    parts.claims = {tree, &tree->object.emplace(*std::move(claims))};
    parts.header = *std::move(header);
    parts.claims_json = *std::move(claims_json);
    parts.signature = *std::move(signature);
    return parts;
}

Result<AccessClaims> parse_claims(std::string_view claims_json) {
    auto object = parse_object(claims_json, max_claims);
    if (!object) return malformed("the claims are not a JSON object with unique members");
    return parse_claims(*object);
}

Result<AccessClaims> parse_claims(const json::object& object) {
    AccessClaims claims;
    const bool complete =
        read_string(object, "iss", claims.issuer) && read_string(object, "sub", claims.subject) &&
        read_audience(object, claims.audience) && read_date(object, "exp", claims.expires) &&
        read_date(object, "iat", claims.issued) && read_string(object, "jti", claims.id) &&
        read_string(object, "client_id", claims.client) && read_string(object, "scope", claims.scope) &&
        read_string(object, "sid", claims.session) && read_date(object, "auth_time", claims.authenticated) &&
        read_string(object, "preferred_username", claims.username) &&
        read_strings(object, "roles", claims.roles) && !claims.subject.empty();
    const auto* version = object.if_contains("ver");
    if (!complete || version == nullptr || !version->is_int64() || version->get_int64() < 0)
        return malformed("a claim is missing or of the wrong type");
    claims.version = version->get_int64();
    if (object.contains("nbf") && !read_date(object, "nbf", claims.not_before))
        return malformed("nbf is not a date");
    return claims;
}

Result<std::string> unverified_issuer(const json::object& claims) {
    std::string issuer;
    if (claims.contains("iss") && (!read_string(claims, "iss", issuer) || issuer.empty()))
        return malformed("iss is not a non-empty string");
    return issuer;
}

bool claim_is(const json::object& claims, std::string_view name, std::string_view text) {
    const auto* value = string_member(claims, name);
    return value != nullptr && std::string_view(value->data(), value->size()) == text;
}

Result<ForeignClaims> parse_foreign_claims(const json::object& object, std::string_view subject_claim) {
    ForeignClaims claims;
    if (object.contains("aud") && !read_audience(object, claims.audience))
        return malformed("aud is neither a string nor a non-empty list of strings");
    if (object.contains("nbf") && !read_date(object, "nbf", claims.not_before))
        return malformed("nbf is not a date");
    if (!read_date(object, "iat", claims.issued)) return malformed("iat is not a date");
    base::Timestamp expires;
    if (object.contains("exp")) {
        if (!read_date(object, "exp", expires)) return malformed("exp is not a date");
        claims.expires = expires;
    }
    const auto* subject = object.if_contains(subject_claim);
    if (subject != nullptr && subject->is_int64() && subject->get_int64() >= 0)
        claims.subject = std::to_string(subject->get_int64());
    else if (!read_string(object, subject_claim, claims.subject))
        return malformed("the claim that names the user is neither a string nor a whole number");
    return claims;
}

}  // namespace coatcheck::token
