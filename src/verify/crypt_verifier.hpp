// SPDX-License-Identifier: Apache-2.0
// Judges encrypted tokens (token/crypt_token.hpp), in the order that all tokens go: size and form, key,
// content, time, revoked.
#pragma once

#include "token/claims.hpp"
#include "token/crypt_token.hpp"
#include "verify/revocations.hpp"

namespace coatcheck::verify {

// Any thread may call anything. Revocations are shared and must outlive it.
class CryptVerifier {
public:
    // `life`: how long tokens of others live at most; what takes them back is kept as long.
    CryptVerifier(token::CryptKeys keys, token::CryptFields fields, base::Duration life,
                  const Revocations& revocations)
        : keys_(std::move(keys)), fields_(std::move(fields)), life_(life), revocations_(revocations) {}

    // What it says of its user; no name and no roles. Another's token has no session, and ends when its user
    // is disabled, deleted or gets a new password after it was issued. Refused with crypt_expired instead of
    // token_expired.
    base::Result<token::AccessClaims> check(std::string_view text, base::Timestamp now) const;
    // The same for one that may have expired or been revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_ignoring_time(std::string_view text) const;

    std::string write(const token::CryptClaims& claims) const {
        return token::write_crypt_token(claims, fields_, keys_);
    }

private:
    token::CryptKeys keys_;
    token::CryptFields fields_;
    base::Duration life_;
    const Revocations& revocations_;
};

}  // namespace coatcheck::verify
