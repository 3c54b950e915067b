// SPDX-License-Identifier: Apache-2.0
// Checks crypt tokens (token/crypt_token.hpp). The order is the same as for all tokens: size and form, key,
// content, time, revocations.
#pragma once

#include "base/current.hpp"
#include "token/claims.hpp"
#include "token/crypt_token.hpp"
#include "verify/revocations.hpp"

namespace coatcheck::verify {

// Any thread may call any member. `revocations` is shared and must outlive this object.
class CryptVerifier {
public:
    // `life`: how long a token of another system is valid at most. Revocations that concern such tokens are
    // kept as long.
    CryptVerifier(token::CryptKeys keys, token::CryptFields fields, base::Duration life,
                  const Revocations& revocations)
        : keys_(std::move(keys)), fields_(std::move(fields)), life_(life), revocations_(revocations) {}

    // Returns what the token says about its user; it has no name and no roles. A token of another system has
    // no session: it is revoked if, after it was issued, its user is disabled or deleted, gets a new password
    // or has all sessions ended. An expired token is refused with crypt_expired instead of token_expired.
    base::Result<token::AccessClaims> check(std::string_view text, base::Timestamp now) const;
    // As check(), but also accepts a token that has expired or was revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_even_if_over(std::string_view text) const;

    std::string write(const token::CryptClaims& claims) const {
        return token::write_crypt_token(claims, fields_, *keys_.get());
    }

    void replace_keys(token::CryptKeys keys) { keys_.replace(std::move(keys)); }

private:
    base::Current<token::CryptKeys> keys_;
    token::CryptFields fields_;
    base::Duration life_;
    const Revocations& revocations_;
};

}  // namespace coatcheck::verify
