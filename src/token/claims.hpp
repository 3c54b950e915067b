// SPDX-License-Identifier: Apache-2.0
// The access token: a JWT after RFC 9068, as Coatcheck issues it.
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
inline constexpr std::size_t max_claims = 128;  // members, nested ones included

struct AccessClaims {
    std::string issuer;                 // iss
    std::string subject;                // sub: the user's id
    std::vector<std::string> audience;  // aud
    base::Timestamp expires;            // exp
    base::Timestamp issued;             // iat
    base::Timestamp not_before{};       // nbf; never issued, honoured when present
    std::string id;                     // jti
    std::string client = "coatcheck";   // client_id
    std::string scope = "account";
    std::string session;            // sid
    base::Timestamp authenticated;  // auth_time
    std::string username;           // preferred_username
    std::vector<std::string> roles;
    base::Timestamp
        foreign_end{};  // of an older system's token (verify/foreign_verifier.hpp): when it ends by itself
    bool is_foreign() const { return foreign_end != base::Timestamp{}; }
    std::int64_t version = 0;  // ver: counter of the user's row
    std::optional<std::int64_t>
        status{};              // an index in the Token Status Lists (token/status_list.hpp); not read
    std::string payload;       // all claims as they came, a JSON object; kept where verify::Policy says so
    std::string extra = "{}";  // the application's own claims, a JSON object; never overrides the above
};

// Names that the application's own claims may not use.
bool is_reserved_claim(std::string_view name);

// Header and claims signed into the compact form (RFC 7515 §7.1).
std::string mint(const AccessClaims& claims, std::string_view key_id, const crypto::SigningKey& key);

// The first part of a token (RFC 7515 §4.1).
struct Header {
    std::string encoded;    // as it came
    std::string json;       // the same, decoded
    std::string algorithm;  // alg
    std::string key_id;     // kid
    std::string type;       // typ, lower case, without "application/"; empty if absent
};

// A token cut into its parts and decoded, nothing believed yet. Views point into the token.
struct CompactToken {
    std::string_view signing_input;  // header.payload as received (RFC 7515 §5.2)
    std::shared_ptr<const Header> header;
    std::string claims_json;
    std::shared_ptr<const boost::json::object> claims;  // the same, parsed
    std::string signature;
};

// Size, then form: three non-empty canonical base64url parts, header and claims JSON objects with unique
// members, no `crit` (no extension is understood). Refuses with token_malformed.
base::Result<CompactToken> parse_compact(std::string_view token);

// The claims of a token whose signature has been checked. token_malformed if one is missing or of the wrong
// type.
base::Result<AccessClaims> parse_claims(const boost::json::object& claims);
base::Result<AccessClaims> parse_claims(std::string_view claims_json);

// What a JWT of another issuer says that counts here: no roles, and no name.
struct ForeignClaims {
    std::string subject;  // of the claim that names the user, a string or a whole number
    std::vector<std::string> audience;
    base::Timestamp issued, not_before{};
    std::optional<base::Timestamp> expires;
};

// Who it says has issued it, before that is proven; empty: it says nothing. token_malformed: an iss that
// names nobody.
base::Result<std::string> claimed_issuer(const boost::json::object& claims);

// The claim is this text.
bool claim_is(const boost::json::object& claims, std::string_view name, std::string_view text);

// The claims of a JWT of another issuer whose signature has been checked. Times may have fractions; iat and
// the subject are required.
base::Result<ForeignClaims> parse_foreign_claims(const boost::json::object& claims,
                                                 std::string_view subject_claim);

}  // namespace coatcheck::token
