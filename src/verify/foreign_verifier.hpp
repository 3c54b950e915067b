// SPDX-License-Identifier: Apache-2.0
// Judges JWTs of an older system, taken until its users have moved: in the order that all tokens go, with
// that system's keys.
#pragma once

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

// Nothing of an older system is taken longer after it was issued.
inline constexpr base::Duration longest_foreign_life = std::chrono::hours(24 * 3650);

// The most that a foreign issuer may be told; a program says it (sdk/cpp), or a file (app/foreign_issuers).
struct ForeignIssuer {
    // HS256 by a secret, anything else by a public key. With a key id it is for tokens that name it alone.
    struct Key {
        std::string id;
        std::variant<base::Secret, crypto::PublicKey> key;
    };
    std::string name;                  // what we call it
    std::vector<std::string> issuers;  // iss, one of them; empty: its tokens have none
    std::string audience;              // has to be among aud; empty: is not looked at
    std::string subject = "sub";       // the claim with the user's id there
    std::string id_prefix;             // before that id: the id here
    std::string algorithm;             // alg: keys of this issuer speak no other (RFC 8725 §3.1)
    std::vector<Key> keys;
    std::map<std::string, std::string> require{};  // claims that have to say this, such as tymon's prv
    base::Timestamp issued_before = base::Timestamp::max();  // the cut-over: later ones are not taken
    base::Timestamp until;                                   // the last day's end: no token lives longer
};

// The keys in a text: a secret of 32 bytes at least (HS256), a public key in PEM, or a JWK Set, of which
// those for the algorithm count. Empty, and `problem` says why: there is none.
std::vector<ForeignIssuer::Key> parse_foreign_keys(const std::string& algorithm, std::string_view text,
                                                   std::string& problem);

// Any thread may call anything. Revocations are shared and must outlive it.
class ForeignVerifier {
public:
    // True of what can be a token of another: the three parts of a signed JWT.
    static bool may_be(std::string_view text) { return std::count(text.begin(), text.end(), '.') == 2; }

    // No two of the issuers have an `iss` in common.
    ForeignVerifier(std::vector<ForeignIssuer> issuers, const Revocations& revocations)
        : issuers_(std::move(issuers)), revocations_(revocations) {}

    // Whose token it is: `subject` is the user's id here, `issuer` the name of the issuer, `session` an id
    // that is made of the token, so that ending it ends the token, exchanged or not. No roles, no name.
    base::Result<token::AccessClaims> check(std::string_view text, base::Timestamp now) const;
    // The same for one that may have expired or been revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_ignoring_time(std::string_view text) const;

private:
    base::Result<token::AccessClaims> prove(const token::CompactToken& parts) const;

    std::vector<ForeignIssuer> issuers_;
    const Revocations& revocations_;
};

}  // namespace coatcheck::verify
