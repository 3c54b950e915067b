// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517): what we publish, and what a verifier reads.
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

// RFC 7638 SHA-256 thumbprint, base64url: the kid of every key we make.
std::string thumbprint(const crypto::PublicKey& key);

// {"keys":[...]}; public members only, each with alg, use and kid.
std::string write_jwk_set(const std::vector<Jwk>& keys);

// Keys of a set. Other key types are passed over (RFC 7517 §5); a duplicate or missing kid, a private or
// symmetric member, a key without `alg`, an `alg`, `use` or `key_ops` that is not for verifying, refuse the
// whole set: malformed_json. At most 64 KiB and 32 keys. RSA keys have `min_rsa_bits` at least.
base::Result<std::vector<Jwk>> parse_jwk_set(std::string_view text, int min_rsa_bits = crypto::own_rsa_bits);

}  // namespace coatcheck::token
