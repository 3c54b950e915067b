// SPDX-License-Identifier: Apache-2.0
// Mints the tokens of a session with the key ring.
#pragma once

#include "auth/keys/key_ring.hpp"
#include "auth/sessions/sign_in.hpp"
#include "verify/verifier.hpp"

#include <string>

namespace coatcheck::auth {

// The token pair of a session, as clients get it.
struct Tokens {
    std::string access;
    std::string refresh;
    Timestamp access_end;              // the access token's exp, in whole seconds
    std::chrono::seconds life;         // exp - iat
    std::string_view type = "Bearer";  // or "crypt": `access` is a crypt token
};

// The rules by which a verifier accepts the access tokens that mint_tokens() makes.
verify::Policy verification_of(const Policy& policy);

// Mints the token pair of a session that was just opened or refreshed. Signing takes about 30 us with
// ES256. `now` is this machine's clock, read before the store was asked. Verifiers use this clock, and the
// store's clock may be ahead of it. So the access token expires no later than the session's access_end,
// until which a revocation is kept.
Tokens mint_tokens(const Ring& ring, const Policy& policy, const Granted& granted, Timestamp now);

}  // namespace coatcheck::auth
