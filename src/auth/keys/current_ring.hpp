// SPDX-License-Identifier: Apache-2.0
// The key ring in use and its JWK Set. Both are replaced together when a key changes.
#pragma once

#include "auth/keys/key_ring.hpp"
#include "base/current.hpp"

#include <string>

namespace coatcheck::auth {

struct RingView {
    explicit RingView(Ring keys) : ring(std::move(keys)), jwk_set(token::write_jwk_set(ring.published)) {}

    Ring ring;
    std::string jwk_set;  // RFC 7517 §5, as JSON
};

using CurrentRing = base::Current<RingView>;

}  // namespace coatcheck::auth
