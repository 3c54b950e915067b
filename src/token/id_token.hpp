// SPDX-License-Identifier: Apache-2.0
// The ID token (OpenID Connect Core §2): tells a client who signed in, and when. It is no access token: it
// has no `typ`, and its audience is the client.
#pragma once

#include "base/time.hpp"
#include "crypto/signing_key.hpp"
#include "token/claims.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::token {

struct IdClaims {
    std::string issuer, subject;
    std::string client;  // aud
    base::Timestamp issued, expires;
    base::Timestamp authenticated;       // auth_time
    std::vector<std::string> methods{};  // amr; left out if empty
    std::string nonce{};                 // left out if empty
    std::string session{};               // sid: differs for each client, so that two cannot compare
    std::string username{};              // preferred_username; left out if empty
    std::string access_token{};          // for at_hash
};

// Throws if OpenSSL fails.
std::string write_id_token(const IdClaims& claims, std::string_view key_id, const crypto::SigningKey& key);

// The claims by which a client shows whom it means (id_token_hint). The ID token may have expired.
struct IdHint {
    std::string issuer, subject, client, session;
};
// Reads them from the claims of a token whose signature has been checked. nullopt: it is no ID token of ours.
std::optional<IdHint> parse_id_hint(const CompactToken& token);

}  // namespace coatcheck::token
