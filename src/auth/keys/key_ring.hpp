// SPDX-License-Identifier: Apache-2.0
// The key ring. The `next` key is published before it signs, so that every verifier knows it in time. The
// `current` key signs. A `retired` key stays published until its last token has expired. The secret parts
// lie in the store, sealed with the key in the data directory: nobody can sign with the database alone or
// with that file alone.
//
// All functions are store steps.
#pragma once

#include "auth/store.hpp"
#include "base/secret.hpp"
#include "crypto/signing_key.hpp"
#include "token/jwk.hpp"

#include <memory>
#include <string>
#include <vector>

namespace coatcheck::auth {

struct Ring {
    std::string current_id;
    std::shared_ptr<const crypto::SigningKey> current;
    std::vector<token::Jwk> published;            // the public parts of all signing keys
    std::shared_ptr<const base::Secret> mac_key;  // for the MAC of refresh tokens
};

// The algorithm name of the row that holds the refresh tokens' MAC key.
inline constexpr std::string_view mac_algorithm = "MAC";

// Makes the keys that are missing at the first start. If the configured algorithm is another one than before,
// rotates; the new key then signs at once, although it was never published as `next`. Records that access
// tokens may live for `token_life`: a retired key, and the revocation of a key, are kept for that long.
void ensure_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm,
                 Duration token_life);
// The current key becomes retired, the next key becomes current, and a new next key is made.
void rotate_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm);
// Rotates if the current key has signed for `period`, and deletes retired keys whose last token has
// expired. True: something changed.
bool tend_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm, Duration period);
// Deletes a compromised signing key at once, and revokes it. A fresh key replaces a current key, and the next
// key goes. False: there is no such key.
bool revoke_key(Store& store, const base::Secret& sealing_key, const std::string& id,
                crypto::Algorithm algorithm);
// Seals all keys with `new_sealing_key`; nothing else changes. Throws like load_ring().
void reseal_keys(Store& store, const base::Secret& sealing_key, const base::Secret& new_sealing_key);
// Opens the key ring. Throws std::runtime_error if it was sealed with another key or is not complete.
Ring load_ring(Store& store, const base::Secret& sealing_key);

}  // namespace coatcheck::auth
