// SPDX-License-Identifier: Apache-2.0
// The access token as Coatcheck issues it: a JWT as RFC 9068 describes it.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/signing_key.hpp"

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::token {

inline constexpr std::size_t max_token_bytes = 8192;
inline constexpr std::size_t max_header_bytes = 1024;
inline constexpr std::size_t max_claims = 128;  // members of all objects, nested ones included

struct AccessClaims {
    std::string issuer;                 // iss
    std::string subject;                // sub: the user's id
    std::vector<std::string> audience;  // aud
    base::Timestamp expires;            // exp
    base::Timestamp issued;             // iat
    base::Timestamp not_before{};       // nbf; never issued, but checked if present
    std::string id;                     // jti
    std::string client = "coatcheck";   // client_id
    std::string scope = "account";
    std::string session;            // sid
    base::Timestamp authenticated;  // auth_time
    // amr: how the user was recognised, by the names of RFC 8176 §2; left out if empty.
    std::vector<std::string> methods{};
    std::string username;  // preferred_username
    std::vector<std::string> roles;
    // Set only for a foreign token (verify/foreign_verifier.hpp): when it expires by its own claims.
    base::Timestamp foreign_end{};
    bool is_foreign() const { return foreign_end != base::Timestamp{}; }
    std::int64_t version = 0;  // ver: a counter in the user's row
    // An index in the Token Status Lists (token/status_list.hpp). mint() writes it; parse_claims() does not
    // read it.
    std::optional<std::int64_t> status{};
    // All claims as received, a JSON object. Filled for verify::Policy::keep_payload, and "{}" for a foreign
    // token.
    std::string payload;
    // The application's own claims, a JSON object. They never override the claims above.
    std::string extra = "{}";
};

// True if the application's own claims may not use this name.
bool is_reserved_claim(std::string_view name);

// Signs header and claims into the compact form (RFC 7515 §7.1). Leaves out `extra` if it is not a JSON
// object, and reserved names in it. Throws if OpenSSL fails.
std::string mint(const AccessClaims& claims, std::string_view key_id, const crypto::SigningKey& key);

// The header of a token (RFC 7515 §4.1).
struct Header {
    std::string encoded;    // as received
    std::string json;       // `encoded`, decoded
    std::string algorithm;  // alg
    std::string key_id;     // kid
    std::string type;       // typ, lower case, without "application/"; empty if absent
};

// A token cut into its parts and decoded; nothing is verified yet. `signing_input` points into the token.
struct CompactToken {
    std::string_view signing_input;  // header.payload as received (RFC 7515 §5.2)
    std::shared_ptr<const Header> header;
    std::string claims_json;
    std::shared_ptr<const boost::json::object> claims;  // `claims_json`, parsed
    std::string signature;
};

// Checks the size, then the form: three non-empty parts in canonical base64url, header and claims are JSON
// objects with unique members, no `crit` or `b64` (we understand no extension). Returns token_malformed
// otherwise.
base::Result<CompactToken> parse_compact(std::string_view token);

// Reads the claims of a token whose signature has been checked. Returns token_malformed if a claim is missing
// or has the wrong type.
base::Result<AccessClaims> parse_claims(const boost::json::object& claims);
base::Result<AccessClaims> parse_claims(std::string_view claims_json);

// The claims of another issuer's JWT that Coatcheck uses. It uses no roles and no name of such a token.
struct ForeignClaims {
    std::string subject;  // from the claim that names the user, a string or a whole number
    std::vector<std::string> audience;
    base::Timestamp issued, not_before{};
    std::optional<base::Timestamp> expires;
};

// Reads iss before any signature is checked, to choose the key. Returns an empty string if there is no iss,
// and token_malformed if iss is empty or not a string.
base::Result<std::string> unverified_issuer(const boost::json::object& claims);

// True if the claim is a string and equal to `text`.
bool claim_is(const boost::json::object& claims, std::string_view name, std::string_view text);

// Reads the claims of another issuer's JWT whose signature has been checked. Times may have fractions.
// Returns token_malformed if iat or the subject is missing, or if a claim has the wrong type.
base::Result<ForeignClaims> parse_foreign_claims(const boost::json::object& claims,
                                                 std::string_view subject_claim);

}  // namespace coatcheck::token
