// SPDX-License-Identifier: Apache-2.0
// Access tokens that their client cannot read: a JWE (RFC 7516) with `dir` and A256GCM, around a signed JWT.
// Encryption proves nothing of who wrote it: what is inside is judged as any JWT is.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::token {

struct EncryptionKey {
    std::string id;    // kid: its RFC 7638 thumbprint
    base::Secret key;  // 32 bytes
};
using EncryptionKeys = std::vector<EncryptionKey>;  // the first encrypts, all decrypt

// Of 32 bytes.
EncryptionKey encryption_key(base::Secret key);
// "base64:" and 32 bytes, as crypt keys are written. nullopt for anything else.
std::optional<EncryptionKey> parse_encryption_key(std::string_view text);

// Five parts, whatever is in them (RFC 7516 §9).
bool is_encrypted(std::string_view token);

// With a fresh random IV. Throws if OpenSSL fails.
std::string encrypt(std::string_view jwt, const EncryptionKey& key);

// The JWT inside. Size and form: token_malformed. Another algorithm, key or tag, whichever: token_not_ours,
// and no word more, so that nobody learns where it failed.
base::Result<std::string> decrypt(std::string_view token, const EncryptionKeys& keys);

}  // namespace coatcheck::token
