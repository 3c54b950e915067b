// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::crypto {

inline constexpr std::size_t sealing_key_bytes = 32;

// Authenticated encryption (XChaCha20-Poly1305, random 24-byte nonce in front) of a secret at rest.
// `context` is bound to it: a box moved to another row does not open.
std::string seal(const base::Secret& key, std::string_view context, std::string_view plain);

// nullopt if the key or context is another, or the box was altered.
std::optional<base::Secret> open(const base::Secret& key, std::string_view context, std::string_view box);

}  // namespace coatcheck::crypto
