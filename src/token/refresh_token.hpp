// SPDX-License-Identifier: Apache-2.0
// The refresh token. It is opaque to everybody except the server: "ccr_" and the base64url of
//
//   version(1)  mac key(1)  user id length(1)  user id  session id(16)  counter(4, big-endian)  secret(16)
//   MAC(32)
//
// The MAC (HMAC-SHA256 over everything before it) lets the server refuse invalid tokens before it asks the
// database. The secret belongs to the session, and the store has only its SHA-256. So nobody can forge a
// token with the database alone, or with the MAC key alone. The counter tells the current token from a
// superseded one. Successors differ only in counter and MAC, so the server can write the current token again
// from any earlier token of the same session. Only a password change gives the session a new secret.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/secret_hash.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coatcheck::token {

inline constexpr std::string_view refresh_prefix = "ccr_";
inline constexpr std::size_t max_user_id_bytes = 64;

// What a refresh token refreshes. The version byte says it: 1 is a session of the SDK, 2 is a grant of an
// OAuth client. A token of one kind is malformed where the other is wanted.
enum class RefreshKind : std::uint8_t { session = 1, grant = 2 };

struct RefreshToken {
    RefreshKind kind = RefreshKind::session;
    std::uint8_t mac_key = 1;
    std::string user;     // user id, 1 to 64 bytes
    std::string session;  // session id, 22 base64url characters
    std::uint32_t counter = 0;
    std::string secret;  // 16 bytes

    // The token as text. `key` is the MAC key with the number `mac_key`.
    std::string write(const base::Secret& key) const;
    // Checks form and MAC; returns refresh_token_malformed if one is wrong, or if the MAC key is not number
    // `key_id`, or if it is of another kind.
    static base::Result<RefreshToken> parse(std::string_view text, std::uint8_t key_id,
                                            const base::Secret& key, RefreshKind kind = RefreshKind::session);
    // The SHA-256 of the secret, which the session stores.
    crypto::SecretHash secret_hash() const;
};

}  // namespace coatcheck::token
