// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "auth/keys/key_ring.hpp"
#include "auth/sessions/sign_in.hpp"
#include "verify/verifier.hpp"

#include <string>

namespace coatcheck::auth {

struct Tokens {
    std::string access;
    std::string refresh;
    Timestamp access_end;              // the access token's exp: whole seconds
    std::chrono::seconds life;         // exp - iat
    std::string_view type = "Bearer";  // or "crypt"
};

// What a token must be to be one of ours, as mint_tokens() makes them.
verify::Policy verification_of(const Policy& policy);

// The pair of tokens for a session that was just opened or refreshed. Signs: about 30 us with ES256.
// `now` is this machine's clock, read before the store was asked: verifiers go by it, where the store's may
// be ahead. So the token ends no later than the session's access_end, until which its revocation would be
// kept.
Tokens mint_tokens(const Ring& ring, const Policy& policy, const Granted& granted, Timestamp now);

}  // namespace coatcheck::auth
