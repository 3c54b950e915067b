// SPDX-License-Identifier: Apache-2.0
// An expected "no" is a value: Result<T> holds a T or a Denied. A broken environment throws, our own bug
// aborts.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <stdexcept>
#include <string>

namespace coatcheck::base {

// Why a request is refused. web/problem.cpp maps each to status, `code` and public text.
enum class Reason {
    // Access tokens.
    token_missing,        // no credential was sent
    token_malformed,      // not a token by size or form
    token_not_ours,       // key, algorithm, signature, type, issuer or audience is not ours
    token_not_yet_valid,  // issued more than 60 s ahead of this clock
    token_expired,        // now >= exp
    crypt_expired,        // the same for an encrypted token (docs/dialects.md)
    token_revoked,        // its session ended, or its user was disabled, deleted or changed the password
    token_stale,          // the user's roles or claims changed: refresh and go on
    credential_conflict,  // two different credentials in one request
    not_ready,            // revocations are not loaded yet
    // Sign-in, refresh, sessions.
    invalid_credentials,  // unknown user, wrong password and disabled user alike
    too_many_attempts,    // a limit on failed sign-ins
    busy,                 // the hashing queue is full
    refresh_token_missing,
    refresh_token_malformed,  // form or MAC is not ours
    refresh_token_reused,     // superseded outside the grace: the session has been ended
    session_ended,            // signed out, expired, revoked, or its user is no longer enabled
    csrf_refused,             // a cookie-carried credential from another site
    // Service keys.
    service_key_missing,
    service_key_unknown,  // never made, or ended
    service_key_scope,    // not made for this
    // Accounts.
    sign_up_disabled,
    username_taken,
    id_taken,
    token_exchanged,
    email_taken,
    password_too_short,
    password_too_long,
    password_too_common,
    // Forms and HTTP.
    malformed_json,
    missing_member,
    unknown_member,
    duplicate_member,
    invalid_member,
    malformed_request,
    unsupported_media_type,
    body_too_large,
    headers_too_large,
    length_required,
    not_found,
    method_not_allowed,
    unavailable,     // the store cannot be reached
    internal_error,  // our own fault; logged
};

struct Denied {
    Reason reason;
    std::chrono::seconds retry_after{0};  // 0: say nothing
    std::string detail{};                 // public, in words; may be empty
    std::string member{};                 // the offending member of the body; may be empty
};

template <class T>
using Result = boost::system::result<T, Denied>;

// Found by Boost: reached only where value() is called on a refusal, a bug of ours.
[[noreturn]] inline void throw_exception_from_error(const Denied& denied, const boost::source_location&) {
    throw std::logic_error("value() of a refusal, reason " + std::to_string(static_cast<int>(denied.reason)));
}

}  // namespace coatcheck::base
