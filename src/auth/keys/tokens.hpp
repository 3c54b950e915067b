// SPDX-License-Identifier: Apache-2.0
// Mints the tokens of a session with the key ring.
#pragma once

#include "auth/keys/key_ring.hpp"
#include "auth/oauth/clients.hpp"
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

// As mint_tokens(), for a grant of this client. Its access token states the client, the scope and the
// resources of granted.session. It states the user's roles and claims only to clients that users need not be
// asked about, or that have the scope `roles`: to an API that looks at roles alone, any client would be the
// user otherwise.
Tokens mint_grant_tokens(const Ring& ring, const Policy& policy, const Client& client, const Granted& granted,
                         Timestamp now);
// An access token for a client itself, without a user (RFC 6749 §4.4). There is no refresh token.
Tokens mint_client_token(const Ring& ring, const Policy& policy, const Client& client,
                         const std::vector<std::string>& scope, const std::vector<std::string>& resources,
                         Timestamp now);
// The ID token that goes with such tokens. `nonce` is that of the authorization request, or empty.
std::string mint_id_token(const Ring& ring, const Policy& policy, const Granted& granted,
                          const std::string& access_token, const std::string& nonce, Timestamp now);
// The `sid` of ID tokens: differs for each client, so that two clients cannot tell that they share a user.
std::string id_token_session(const Ring& ring, std::string_view browser_session, std::string_view client);

// The words of a scope as one text (RFC 6749 §3.3).
std::string joined_by_spaces(const std::vector<std::string>& words);

// The audience of tokens that are good for userinfo alone. No deployed verifier accepts it.
std::string userinfo_audience(const Policy& policy);

}  // namespace coatcheck::auth
