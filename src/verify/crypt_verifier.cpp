// SPDX-License-Identifier: Apache-2.0
#include "verify/crypt_verifier.hpp"

#include "base/reason.hpp"
#include "verify/verifier.hpp"

namespace coatcheck::verify {

using base::Denied;
using base::Reason;
using base::Result;

Result<token::AccessClaims> CryptVerifier::check_even_if_over(std::string_view text) const {
    auto read = token::read_crypt_token(text, fields_, *keys_.get());
    if (!read) return read.error();
    token::AccessClaims claims;
    claims.subject = std::move(read->user);
    claims.session = std::move(read->session);
    claims.issued = claims.authenticated = read->issued;
    claims.expires = read->expires;
    claims.version = read->version.value_or(0);
    // Revocations of a user are kept for `life_`. A token that lives longer than that would become valid
    // again.
    if (claims.session.empty()) {
        claims.expires = std::min(claims.expires, claims.issued + life_);
        claims.scope = "";
    }
    return claims;
}

Result<token::AccessClaims> CryptVerifier::check(std::string_view text, base::Timestamp now) const {
    auto claims = check_even_if_over(text);
    if (!claims) return claims.error();
    if (claims->issued > now + max_clock_difference) return Denied{Reason::token_not_yet_valid};
    if (now >= claims->expires) return Denied{Reason::crypt_expired};
    // The token holds no roles, so new roles do not make it stale.
    const auto reason =
        claims->session.empty()
            ? revocations_.judge_foreign("", claims->subject, claims->issued, max_clock_difference)
            : revocations_.judge(claims->session, claims->subject, claims->version, claims->issued);
    if (reason && *reason != Reason::token_stale) return Denied{*reason};
    return claims;
}

}  // namespace coatcheck::verify
