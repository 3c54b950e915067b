// SPDX-License-Identifier: Apache-2.0
// Encrypts secrets that are stored, such as signing keys in the database.
#pragma once

#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::crypto {

inline constexpr std::size_t sealing_key_bytes = 32;

// Encrypts and authenticates a secret (XChaCha20-Poly1305). The box begins with a random 24-byte nonce. `key`
// must have 32 bytes. `context` is bound to the box: a box that was moved to another row does not open.
std::string seal(const base::Secret& key, std::string_view context, std::string_view plain);

// Decrypts a box. Returns nullopt if the key or the context is another one, or if the box was altered.
std::optional<base::Secret> open(const base::Secret& key, std::string_view context, std::string_view box);

}  // namespace coatcheck::crypto
