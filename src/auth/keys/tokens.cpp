// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/tokens.hpp"

#include "base/random.hpp"
#include "token/claims.hpp"
#include "token/refresh_token.hpp"

#include <algorithm>

namespace coatcheck::auth {

verify::Policy verification_of(const Policy& policy) {
    return {policy.issuer, policy.audience, false, policy.encryption, policy.only_encrypted};
}

Tokens mint_tokens(const Ring& ring, const Policy& policy, const Granted& granted, Timestamp now) {
    const auto& [user, session, granted_at, access_end, secret] = granted;
    token::AccessClaims claims;
    claims.issuer = policy.issuer;
    claims.subject = user.id;
    claims.audience = {policy.audience};
    claims.issued = std::chrono::floor<std::chrono::seconds>(now);
    const auto life = std::chrono::floor<std::chrono::seconds>(access_end - granted_at);
    claims.expires = claims.issued + life;
    claims.id = base::random_id();
    claims.session = session.id;
    claims.authenticated = std::min(claims.issued,
                                    Timestamp(std::chrono::floor<std::chrono::seconds>(session.created)));
    claims.methods = session.amr;
    claims.username = user.username;
    claims.roles = user.roles;
    claims.version = user.version;
    claims.extra = user.claims;
    if (policy.status_lists && session.status >= 0) claims.status = session.status;

    token::RefreshToken refresh;
    refresh.user = user.id;
    refresh.session = session.id;
    refresh.counter = session.counter;
    refresh.secret = secret;
    std::string access = token::mint(claims, ring.current_id, *ring.current);
    if (policy.encryption) access = token::encrypt(access, policy.encryption->get()->front());
    return {std::move(access), refresh.write(*ring.mac_key), claims.expires, life};
}

}  // namespace coatcheck::auth
