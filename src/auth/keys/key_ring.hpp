// SPDX-License-Identifier: Apache-2.0
// The key ring: `next` is published before it signs, so that every verifier knows it in time; `current`
// signs; `retired` keys are believed until their last token has expired. Secrets lie in the store, sealed
// with the key of the data directory: neither the database alone nor that file alone lets anyone sign.
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
    std::vector<token::Jwk> published;
    std::shared_ptr<const base::Secret> mac_key;
};

// The algorithm name of the row that holds the refresh tokens' MAC key.
inline constexpr std::string_view mac_algorithm = "MAC";

// Makes what is missing: the first start, or another algorithm than before (then rotates to it). Notes that
// access tokens may live that long: a retired key is kept so long, and so is the revocation of one.
void ensure_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm,
                 Duration token_life);
// next → current → retired, and a new next.
void rotate_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm);
// Rotates if the current key has signed for `period`; drops retired keys that are over. True if anything
// changed.
bool tend_keys(Store& store, const base::Secret& sealing_key, crypto::Algorithm algorithm, Duration period);
// Drops a compromised signing key at once; a current one is replaced by the next. False: no such key.
bool revoke_key(Store& store, const base::Secret& sealing_key, const std::string& id,
                crypto::Algorithm algorithm);
// Seals all keys with another key than before; nothing else changes. Throws as load_ring().
void reseal_keys(Store& store, const base::Secret& sealing_key, const base::Secret& with);
// Opens the ring; throws if the sealing key is not the one it was sealed with.
Ring load_ring(Store& store, const base::Secret& sealing_key);

}  // namespace coatcheck::auth
