// SPDX-License-Identifier: Apache-2.0
// Checks foreign tokens: JWTs of an older system, which are accepted until its users have moved. It uses that
// system's keys; the order of the checks is the same as for all tokens.
#pragma once

#include "base/current.hpp"
#include "base/secret.hpp"
#include "crypto/signing_key.hpp"
#include "token/claims.hpp"
#include "verify/revocations.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace coatcheck::verify {

// A foreign token is valid for at most this long after it was issued (ten years).
inline constexpr base::Duration longest_foreign_life = std::chrono::hours(24 * 3650);

// The settings of one foreign issuer. A program sets them (sdk/cpp), or a file (app/foreign_issuers).
struct ForeignIssuer {
    // A secret for HS256, a public key for any other algorithm. A key with an id is only for tokens that name
    // this id.
    struct Key {
        std::string id;
        std::variant<base::Secret, crypto::PublicKey> key;
    };
    std::string name;                  // our name for the issuer
    std::vector<std::string> issuers;  // possible values of iss; empty: the tokens have no iss
    std::string audience;              // must be in aud; empty: aud is not checked
    std::string subject = "sub";       // the claim that has the user's id in the older system
    std::string id_prefix;             // put before that id, it makes the user's id here
    std::string algorithm;             // the only alg of this issuer's keys (RFC 8725 §3.1)
    std::vector<Key> keys;
    // Claims that must have these values, such as tymon's prv.
    std::map<std::string, std::string> require{};
    // The cut-over: tokens issued at this time or later are refused.
    base::Timestamp issued_before = base::Timestamp::max();
    // The end of the last day: no token is valid longer.
    base::Timestamp until;
};

// Reads the keys in a text: a secret of at least 32 bytes (HS256), a public key in PEM, or a JWK Set, of
// which only the keys for `algorithm` count. If there is no key, the result is empty and `problem` gives the
// reason.
std::vector<ForeignIssuer::Key> parse_foreign_keys(const std::string& algorithm, std::string_view text,
                                                   std::string& problem);

// Any thread may call any member. `revocations` is shared and must outlive this object.
class ForeignVerifier {
public:
    // True if the text can be a foreign token: it has the three parts of a signed JWT.
    static bool may_be(std::string_view text) { return std::count(text.begin(), text.end(), '.') == 2; }

    // No two issuers may have an `iss` in common.
    ForeignVerifier(std::vector<ForeignIssuer> issuers, const Revocations& revocations)
        : issuers_(std::move(issuers)), revocations_(revocations) {}

    // Returns the claims of a valid token. `subject` is the user's id here, `issuer` is the name of the
    // issuer. `session` is an id that is made from the token, so that ending this session ends the token,
    // whether it was exchanged or not. There are no roles and no name.
    base::Result<token::AccessClaims> check(std::string_view text, base::Timestamp now) const;
    // As check(), but also accepts a token that has expired or was revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_even_if_over(std::string_view text) const;

    void replace_issuers(std::vector<ForeignIssuer> issuers) { issuers_.replace(std::move(issuers)); }

private:
    base::Result<token::AccessClaims> prove(const token::CompactToken& parts) const;

    base::Current<std::vector<ForeignIssuer>> issuers_;
    const Revocations& revocations_;
};

}  // namespace coatcheck::verify
