// SPDX-License-Identifier: Apache-2.0
// Tokens that their client cannot read, in the payload format of Laravel's `Crypt`: Base64 of
// {"iv","value","mac","tag"}, where the value is an encrypted array with the user, the time of issue and the
// time of expiry (docs/dialects.md).
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "crypto/envelope_cipher.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::token {

struct CryptClaims {
    std::string user;
    base::Timestamp issued, expires;
    std::string session;                  // of ours; empty: another issued it
    std::optional<std::int64_t> version;  // ver, likewise
};

// How the members of the array are called: the first name is written, all are read.
struct CryptFields {
    std::vector<std::string> user{"user_id"}, issued{"time_stamp", "time_stemp"}, expires{"expire_on"};
};

struct CryptKeys {
    crypto::EnvelopeCipher cipher = crypto::EnvelopeCipher::aes_256_cbc;
    std::vector<base::Secret> keys;  // the first encrypts, all decrypt
};

// A key as Laravel writes it: "base64:" and 32 bytes. nullopt for anything else.
std::optional<base::Secret> parse_app_key(std::string_view text);

// What Crypt::decrypt() gives back as an array of scalars. Throws if OpenSSL fails.
std::string write_crypt_token(const CryptClaims& claims, const CryptFields& fields, const CryptKeys& keys);

// Size and form (token_malformed), key (token_not_ours), then what is in it (token_malformed): an array that
// was serialized once or twice, or JSON; times as seconds, as text in UTC, or as dates of PHP and Carbon in
// UTC or at an offset. Says nothing about time and revocation. At most 8 KiB.
base::Result<CryptClaims> read_crypt_token(std::string_view text, const CryptFields& fields,
                                           const CryptKeys& keys);

}  // namespace coatcheck::token
