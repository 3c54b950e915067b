// SPDX-License-Identifier: Apache-2.0
// The refresh token: opaque to everybody else. "ccr_" and base64url of
//
//   version(1)  mac key(1)  user id length(1)  user id  session id(16)  counter(4, big-endian)  secret(16)
//   MAC(32)
//
// The MAC (HMAC-SHA256 over all before it) refuses junk before the database is asked. The secret belongs to
// the session, which stores its SHA-256 alone: so neither the database nor the MAC key lets anyone forge one.
// The counter tells a current token from a superseded one; successors differ in counter and MAC only, so that
// the current token can be written again from any earlier one of the same session.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coatcheck::token {

inline constexpr std::string_view refresh_prefix = "ccr_";
inline constexpr std::size_t max_user_id_bytes = 64;

struct RefreshToken {
    std::uint8_t mac_key = 1;
    std::string user;     // user id, 1 to 64 bytes
    std::string session;  // session id, 22 base64url characters
    std::uint32_t counter = 0;
    std::string secret;  // 16 bytes

    std::string write(const base::Secret& key) const;
    // Form and MAC; refresh_token_malformed otherwise.
    static base::Result<RefreshToken> parse(std::string_view text, std::uint8_t key_id,
                                            const base::Secret& key);
    // What the session stores of the secret.
    std::string secret_hash() const;
};

}  // namespace coatcheck::token
