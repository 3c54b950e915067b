// SPDX-License-Identifier: Apache-2.0
#include "token/id_token.hpp"

#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"
#include "token/sign_compact.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::token {

std::string write_id_token(const IdClaims& claims, std::string_view key_id, const crypto::SigningKey& key) {
    JsonArena<4096> arena;
    json::object body(14, arena);
    body["iss"] = claims.issuer;
    body["sub"] = claims.subject;
    body["aud"] = claims.client;
    body["exp"] = base::unix_seconds(claims.expires);
    body["iat"] = base::unix_seconds(claims.issued);
    body["auth_time"] = base::unix_seconds(claims.authenticated);
    if (!claims.methods.empty())
        body["amr"] = json::array(claims.methods.begin(), claims.methods.end(), body.storage());
    if (!claims.nonce.empty()) body["nonce"] = claims.nonce;
    if (!claims.session.empty()) body["sid"] = claims.session;
    if (!claims.username.empty()) body["preferred_username"] = claims.username;
    // OpenID Connect Core §3.1.3.6: the left half of the digest that `alg` uses. For EdDSA the specification
    // names none, and the claim is optional here.
    if (!claims.access_token.empty() && key.algorithm() != crypto::Algorithm::eddsa)
        body["at_hash"] = base::base64url(crypto::sha256(claims.access_token).substr(0, 16));
    return sign_compact("", body, key_id, key);
}

std::optional<IdHint> parse_id_hint(const CompactToken& token) {
    if (!token.header->type.empty() && token.header->type != "jwt") return std::nullopt;
    IdHint hint;
    const auto read = [&](std::string_view name, std::string& out) {
        const auto* text = string_member(*token.claims, name);
        if (text != nullptr) out.assign(text->data(), text->size());
        return text != nullptr;
    };
    if (!read("iss", hint.issuer) || !read("sub", hint.subject) || !read("aud", hint.client))
        return std::nullopt;
    read("sid", hint.session);
    return hint;
}

}  // namespace coatcheck::token
