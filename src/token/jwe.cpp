// SPDX-License-Identifier: Apache-2.0
#include "token/jwe.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "crypto/envelope_cipher.hpp"
#include "token/claims.hpp"
#include "token/crypt_token.hpp"
#include "token/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

constexpr auto cipher = crypto::EnvelopeCipher::aes_256_gcm;

Denied malformed(std::string detail) { return Denied{Reason::token_malformed, {}, std::move(detail)}; }

// The five parts of a token. Returns nullopt if there are fewer or more.
std::optional<std::array<std::string_view, 5>> parts_of(std::string_view token) {
    std::array<std::string_view, 5> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto dot = token.find('.');
        if ((dot == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
        parts[i] = token.substr(0, dot);
        token.remove_prefix(dot == std::string_view::npos ? token.size() : dot + 1);
    }
    return parts;
}

// The thumbprint of a symmetric key (RFC 7638 §3.2, RFC 7518 §6.4). It reveals nothing about a key of 256
// random bits.
std::string thumbprint(const base::Secret& key) {
    const base::Secret jwk(
        json::serialize(json::object{{"k", base::base64url(key.reveal())}, {"kty", "oct"}}));
    return base::base64url(crypto::sha256(jwk.reveal()));
}

}  // namespace

EncryptionKey encryption_key(base::Secret key) {
    std::string id = thumbprint(key);
    return {std::move(id), std::move(key)};
}

std::optional<EncryptionKey> parse_encryption_key(std::string_view text) {
    auto key = parse_app_key(text);
    if (!key) return std::nullopt;
    return encryption_key(*std::move(key));
}

bool is_encrypted(std::string_view token) { return std::count(token.begin(), token.end(), '.') == 4; }

std::string encrypt(std::string_view jwt, const EncryptionKey& key) {
    const std::string header = base::base64url(json::serialize(json::object{
        {"alg", "dir"}, {"enc", "A256GCM"}, {"typ", "at+jwt"}, {"cty", "JWT"}, {"kid", key.id}}));
    const auto sealed = crypto::encrypt(cipher, key.key, jwt, header);
    return header + ".." + base::base64url(sealed.iv) + '.' + base::base64url(sealed.value) + '.' +
           base::base64url(sealed.tag);
}

Result<std::string> decrypt(std::string_view token, const EncryptionKeys& keys) {
    if (token.empty() || token.size() > max_token_bytes)
        return malformed("a token must have 1 to 8192 bytes");
    const auto parts = parts_of(token);
    if (!parts) return malformed("an encrypted token must have five parts");
    const auto& [header_part, key_part, iv_part, value_part, tag_part] = *parts;
    if (header_part.empty() || iv_part.empty() || value_part.empty() || tag_part.empty())
        return malformed("a part is empty");
    const auto header_json = base::from_base64url(header_part), wrapped = base::from_base64url(key_part),
               iv = base::from_base64url(iv_part), value = base::from_base64url(value_part),
               tag = base::from_base64url(tag_part);
    if (!header_json || (!wrapped && !key_part.empty()) || !iv || !value || !tag)
        return malformed("a part is not canonical base64url");
    if (header_json->size() > max_header_bytes) return malformed("the header is too large");
    const auto header = parse_object(*header_json);
    if (!header) return malformed("the header is not a JSON object with unique members");
    // RFC 7516 §4.1.13: a token with an extension that we do not understand is invalid. We understand none.
    if (header->contains("crit")) return malformed("the header has crit, and no extension is accepted");

    const Denied not_ours{Reason::token_not_ours};
    const auto is = [&](std::string_view name, std::string_view wanted) {
        const auto* text = string_member(*header, name);
        return text != nullptr && std::string_view(text->data(), text->size()) == wanted;
    };
    // We accept no compression (RFC 8725 §3.6) and no other algorithm.
    if (!is("alg", "dir") || !is("enc", "A256GCM") || header->contains("zip") || !key_part.empty())
        return not_ours;
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const EncryptionKey& one) { return is("kid", one.id); });
    if (key == keys.end()) return not_ours;
    auto jwt = crypto::decrypt(cipher, key->key, {*iv, *value, *tag}, header_part);
    if (!jwt) return not_ours;
    return *std::move(jwt);
}

}  // namespace coatcheck::token
