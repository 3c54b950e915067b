// SPDX-License-Identifier: Apache-2.0
// The ciphers of tokens that their client cannot read: AES-256-CBC with HMAC-SHA256 over what was encrypted
// (Laravel's `Crypt`), and AES-256-GCM (the same, and JWE). Their text forms: token/crypt_token.hpp,
// token/jwe.hpp.
#pragma once

#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::crypto {

enum class EnvelopeCipher { aes_256_cbc, aes_256_gcm };

inline constexpr std::size_t envelope_key_bytes = 32, cbc_iv_bytes = 16, gcm_iv_bytes = 12,
                             gcm_tag_bytes = 16;

// Encrypted bytes with what it takes to read them again; `tag` is empty for CBC, whose MAC is its caller's.
struct Encrypted {
    std::string iv, value, tag;
};

// With a fresh random IV; `beside` is authenticated but not encrypted (GCM alone). Throws if OpenSSL fails,
// or the key has not 32 bytes.
Encrypted encrypt(EnvelopeCipher cipher, const base::Secret& key, std::string_view plain,
                  std::string_view beside = "");

// nullopt: an IV or a tag of another length, or (GCM) a tag that does not fit. For CBC the caller has checked
// its MAC before, or the padding tells secrets.
std::optional<std::string> decrypt(EnvelopeCipher cipher, const base::Secret& key, const Encrypted& encrypted,
                                   std::string_view beside = "");

}  // namespace coatcheck::crypto
