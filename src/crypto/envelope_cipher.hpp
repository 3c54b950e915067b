// SPDX-License-Identifier: Apache-2.0
// Ciphers for tokens that the client cannot read: AES-256-CBC with an HMAC-SHA256 over the encrypted bytes
// (Laravel's `Crypt`), and AES-256-GCM (`Crypt` and JWE). The text forms are in token/crypt_token.hpp and
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

// Encrypted bytes (`value`), and what decrypt() needs besides the key. `tag` is empty for CBC: the caller
// makes and checks the MAC.
struct Encrypted {
    std::string iv, value, tag;
};

// Encrypts with a fresh random IV. `beside` is authenticated but not encrypted (GCM only). Throws if OpenSSL
// fails, or if the key does not have 32 bytes.
Encrypted encrypt(EnvelopeCipher cipher, const base::Secret& key, std::string_view plain,
                  std::string_view beside = "");

// Returns nullopt if the key, the IV or the tag has a wrong length, or if the tag (GCM) or the padding (CBC)
// is wrong. For CBC the caller must check its MAC before this call: otherwise answers about the padding
// reveal secrets.
std::optional<std::string> decrypt(EnvelopeCipher cipher, const base::Secret& key, const Encrypted& encrypted,
                                   std::string_view beside = "");

}  // namespace coatcheck::crypto
