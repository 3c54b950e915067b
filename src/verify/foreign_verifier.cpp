// SPDX-License-Identifier: Apache-2.0
#include "verify/foreign_verifier.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "token/jwk.hpp"
#include "token/refresh_token.hpp"
#include "verify/verifier.hpp"

#include <algorithm>

namespace coatcheck::verify {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

Denied not_ours(const char* why) { return {Reason::token_not_ours, {}, why}; }

bool is_signed_with(const ForeignIssuer::Key& key, const token::CompactToken& parts) {
    if (!key.id.empty() && key.id != parts.header->key_id) return false;
    if (const auto* secret = std::get_if<base::Secret>(&key.key))
        return base::equal_in_constant_time(crypto::hmac_sha256(secret->reveal(), parts.signing_input),
                                            parts.signature);
    return std::get<crypto::PublicKey>(key.key).verify(parts.signing_input, parts.signature);
}

// The signature is left out, because ECDSA has several valid signatures of one message.
std::string session_of(const ForeignIssuer& issuer, const token::CompactToken& parts) {
    return base::base64url(
        crypto::sha256(issuer.name + '\n' + std::string(parts.signing_input)).substr(0, 16));
}

// True if the id has the form of an id that Coatcheck made (128 bits). A foreign token must not name such an
// id: its user never was in the other system.
bool looks_like_our_own(std::string_view id) {
    constexpr std::size_t own_id_bytes = 22;
    const auto bytes = id.size() == own_id_bytes ? base::from_base64url(id) : std::nullopt;
    return bytes.has_value();
}

}  // namespace

std::vector<ForeignIssuer::Key> parse_foreign_keys(const std::string& algorithm, std::string_view text,
                                                   std::string& problem) {
    constexpr std::size_t min_secret_bytes = 32;  // RFC 7518 §3.2
    std::vector<ForeignIssuer::Key> keys;
    if (algorithm == "HS256") {
        if (text.size() >= min_secret_bytes) keys.push_back({"", base::Secret(std::string(text))});
        else
            problem =
                "needs a secret of at least 32 bytes: anybody could guess a shorter one and forge tokens";
        return keys;
    }
    const auto wanted = crypto::algorithm_named(algorithm);
    if (!wanted) {
        problem = "needs the algorithm HS256, RS256, PS256, ES256 or EdDSA";
    } else if (text.find("-----BEGIN") != std::string_view::npos) {
        auto key = crypto::PublicKey::from_pem(*wanted, text, crypto::foreign_rsa_bits);
        if (key) keys.push_back({"", *std::move(key)});
        else
            problem = "holds no public key for " + algorithm +
                      " (-----BEGIN PUBLIC KEY-----, RSA with at least 2048 bits)";
    } else if (const auto set = token::parse_jwk_set(text, crypto::foreign_rsa_bits, wanted)) {
        for (const auto& jwk : *set)
            if (jwk.key.algorithm() == *wanted) keys.push_back({jwk.key_id, jwk.key});
        if (keys.empty())
            problem = "holds no key for " + algorithm + " (with kid; RSA with at least 2048 bits)";
    } else {
        problem = "is neither a public key in PEM nor a JWK Set of public keys";
    }
    return keys;
}

Result<token::AccessClaims> ForeignVerifier::prove(const token::CompactToken& parts) const {
    // The token's iss decides which keys are tried. The claims are believed only after one of these keys has
    // verified the signature.
    const auto said = token::unverified_issuer(*parts.claims);
    if (!said) return said.error();
    const auto issuers = issuers_.get();
    const auto issuer = std::find_if(issuers->begin(), issuers->end(), [&](const ForeignIssuer& one) {
        return said->empty() ? one.issuers.empty()
                             : std::find(one.issuers.begin(), one.issuers.end(), *said) != one.issuers.end();
    });
    if (issuer == issuers->end()) return not_ours("no accepted issuer has its iss");
    if (parts.header->algorithm != issuer->algorithm) return not_ours("its issuer uses another algorithm");
    const bool is_signed = std::any_of(issuer->keys.begin(), issuer->keys.end(),
                                       [&](const auto& key) { return is_signed_with(key, parts); });
    if (!is_signed) return not_ours("no key of its issuer verifies its signature");

    const auto read = token::parse_foreign_claims(*parts.claims, issuer->subject);
    if (!read) return read.error();
    if (!issuer->audience.empty() &&
        std::find(read->audience.begin(), read->audience.end(), issuer->audience) == read->audience.end())
        return not_ours("it is for another audience");
    for (const auto& [name, text] : issuer->require)
        if (!token::claim_is(*parts.claims, name, text))
            return not_ours("a required claim has another value");
    if (read->issued >= issuer->issued_before)
        return not_ours("it was issued at or after its issuer's cut-over");
    token::AccessClaims claims;
    claims.subject = issuer->id_prefix + read->subject;
    if (read->subject.empty() || claims.subject.size() > token::max_user_id_bytes ||
        looks_like_our_own(claims.subject))
        return not_ours("its user id is not valid here");
    claims.issuer = issuer->name;
    claims.issued = claims.authenticated = read->issued;
    claims.not_before = read->not_before;
    claims.expires = std::min(
        {read->expires.value_or(issuer->until), issuer->until, read->issued + longest_foreign_life});
    claims.session = session_of(*issuer, parts);
    claims.client = claims.scope = "";
    claims.foreign_end = std::min(read->expires.value_or(base::Timestamp::max()),
                                  read->issued + longest_foreign_life);
    claims.payload = "{}";  // nothing else in the token is used
    return claims;
}

Result<token::AccessClaims> ForeignVerifier::check_even_if_over(std::string_view text) const {
    const auto parts = token::parse_compact(text);
    if (!parts) return parts.error();
    return prove(*parts);
}

Result<token::AccessClaims> ForeignVerifier::check(std::string_view text, base::Timestamp now) const {
    auto claims = check_even_if_over(text);
    if (!claims) return claims.error();
    if (claims->issued > now + max_clock_difference || claims->not_before > now + max_clock_difference)
        return Denied{Reason::token_not_yet_valid};
    if (now >= claims->expires) return Denied{Reason::token_expired};
    if (const auto reason = revocations_.judge_foreign(claims->session, claims->subject, claims->issued,
                                                       max_clock_difference))
        return Denied{*reason};
    return claims;
}

}  // namespace coatcheck::verify
