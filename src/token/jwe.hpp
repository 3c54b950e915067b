// SPDX-License-Identifier: Apache-2.0
// Encrypted access tokens, which the client cannot read: a JWE (RFC 7516) with `dir` and A256GCM around a
// signed JWT. The encryption does not prove who wrote the token, so the JWT inside is checked like any other
// JWT.
#pragma once

#include "base/current.hpp"
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
using EncryptionKeys = std::vector<EncryptionKey>;  // the first key encrypts, all keys decrypt
using CurrentEncryptionKeys = base::Current<EncryptionKeys>;

// Makes a key from 32 bytes. Its id is their thumbprint.
EncryptionKey encryption_key(base::Secret key);
// Reads "base64:" and the Base64 of 32 bytes, like the keys of crypt tokens. Returns nullopt for anything
// else.
std::optional<EncryptionKey> parse_encryption_key(std::string_view text);

// True if the text has five parts, whatever they contain (RFC 7516 §9).
bool is_encrypted(std::string_view token);

// Encrypts with a fresh random IV. Throws if OpenSSL fails.
std::string encrypt(std::string_view jwt, const EncryptionKey& key);

// Returns the JWT inside. token_malformed: wrong size or form. token_not_ours: another algorithm, an unknown
// key or a wrong tag. The answer does not tell these apart, so that nobody learns which check failed.
base::Result<std::string> decrypt(std::string_view token, const EncryptionKeys& keys);

}  // namespace coatcheck::token
