// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517): the JWK Sets that we publish and that a verifier reads.
#pragma once

#include "base/result.hpp"
#include "crypto/signing_key.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::token {

struct Jwk {
    std::string key_id;
    crypto::PublicKey key;
};

// The RFC 7638 SHA-256 thumbprint in base64url: the kid of every key that we make.
std::string thumbprint(const crypto::PublicKey& key);

// Writes {"keys":[...]}. It has public members only, and each key has alg, use and kid.
std::string write_jwk_set(const std::vector<Jwk>& keys);

// Reads the keys of a JWK Set. Skips other key types (RFC 7517 §5). Refuses the whole set with malformed_json
// if a kid is missing or occurs twice, if a member is private or symmetric, if a key has no `alg`, or if its
// `alg`, `use` or `key_ops` is not for verifying. Refuses a repeated JSON member with duplicate_member. At
// most 64 KiB and 32 keys. RSA keys must have at least `min_rsa_bits`.
base::Result<std::vector<Jwk>> parse_jwk_set(std::string_view text, int min_rsa_bits = crypto::own_rsa_bits);

}  // namespace coatcheck::token
