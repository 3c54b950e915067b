// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517): the JWK Sets that we publish and that a verifier reads.
#pragma once

#include "base/result.hpp"
#include "crypto/signing_key.hpp"

#include <optional>
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

// Reads the keys of a JWK Set that are for us, and passes over the others (RFC 7517 §5): of another type,
// curve or algorithm, for another use, without a kid, malformed, RSA with fewer than `min_rsa_bits`. Of two
// keys with one kid the first one counts. A key without `alg` is for the algorithm `otherwise`; nullopt: it
// is passed over. Refuses the whole set with malformed_json if it is no list of objects, or if a member is
// private or symmetric, and with duplicate_member if a member is repeated. At most 64 KiB and 32 keys.
// api/cases/key-sets has the cases.
base::Result<std::vector<Jwk>> parse_jwk_set(std::string_view text, int min_rsa_bits = crypto::own_rsa_bits,
                                             std::optional<crypto::Algorithm> otherwise = std::nullopt);

}  // namespace coatcheck::token
