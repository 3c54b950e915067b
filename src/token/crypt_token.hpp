// SPDX-License-Identifier: Apache-2.0
// Crypt tokens: tokens in the payload format of Laravel's `Crypt`, which the client cannot read.
// The text is Base64 of {"iv","value","mac","tag"}. The value is an encrypted array with the user, the time
// of issue and the time of expiry (docs/dialects.md).
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
    std::string session;                  // our session's id; empty if another system issued the token
    std::optional<std::int64_t> version;  // ver; nullopt if another system issued the token
};

// The names of the array's members. The writer uses the first name of a list, the reader accepts all of them.
struct CryptFields {
    std::vector<std::string> user{"user_id"}, issued{"time_stamp", "time_stemp"}, expires{"expire_on"};
};

struct CryptKeys {
    crypto::EnvelopeCipher cipher = crypto::EnvelopeCipher::aes_256_cbc;
    std::vector<base::Secret> keys;  // the first key encrypts, all keys decrypt
};

// Reads a key as Laravel writes it: "base64:" and the Base64 of 32 bytes. Returns nullopt for anything else.
std::optional<base::Secret> parse_app_key(std::string_view text);

// Makes a token that Laravel's Crypt::decrypt() reads as an array of scalars. Throws if OpenSSL fails.
std::string write_crypt_token(const CryptClaims& claims, const CryptFields& fields, const CryptKeys& keys);

// Reads a token of at most 8 KiB. Returns token_malformed for a wrong size or form, then token_not_ours if no
// key fits, then token_malformed for a wrong content. The content is an array that PHP serialized once or
// twice, or a JSON object. Times are seconds, text in UTC or at an offset, or dates of PHP and Carbon in UTC
// or at an offset. Does not check times and revocations.
base::Result<CryptClaims> read_crypt_token(std::string_view text, const CryptFields& fields,
                                           const CryptKeys& keys);

}  // namespace coatcheck::token
