// SPDX-License-Identifier: Apache-2.0
// Signing in, as the edge sequences it: look_up (store) → check_password (hashing pool) → open_session
// (store) → mint.
#pragma once

#include "auth/limits.hpp"
#include "auth/store.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

struct SignIn {
    std::string login;  // as typed
    base::Secret password;
    Delivery delivery = Delivery::hybrid;
    bool remember = true;
    bool crypt = false;  // an encrypted token instead of a JWT
    std::string device;
    std::string address;
    Timestamp asked = Timestamp::max();  // by this machine's clock: auth_time is no later, in whichever token
};

struct Candidate {
    std::optional<User> user;
    Attempt attempt;
    AttemptsInFlight::Slot slot;
};

struct PasswordVerdict {
    bool matches = false;
    std::string new_hash;  // where the stored one was imported or cheaper
};

// A session that has just been opened or refreshed: all that minting needs.
struct Granted {
    User user;
    Session session;
    Timestamp granted_at;  // by the store's clock, as access_end
    Timestamp access_end;
    std::string secret;  // of the refresh tokens
};

// Finds the user and asks the limits: too_many_attempts.
base::Result<Candidate> look_up(Store& store, AttemptsInFlight& in_flight, const SignIn& form);

// Hashes exactly once, whether or not the user exists; once more where an imported hash is replaced.
PasswordVerdict check_password(const std::optional<User>& user, const base::Secret& password);

// Re-checks the user, inserts the session and the audit row; or charges the failure: invalid_credentials.
base::Result<Granted> open_session(Store& store, const Policy& policy, const SignIn& form,
                                   const Candidate& candidate, const PasswordVerdict& verdict);

// A token of an older system that has been proven (verify/foreign_verifier.hpp), to be exchanged for a
// session of ours.
struct Exchange {
    std::string session, user, issuer;  // of its claims
    Timestamp issued, foreign_end;      // likewise
    base::Secret token;
    Delivery delivery = Delivery::hybrid;
    bool remember = true;
    std::string device;
    std::string address;
    Timestamp asked = Timestamp::max();  // by this machine's clock: auth_time is no later, in whichever token
};

// One session for each token, with the id that was made of the token: ending it ends the token as well. Again
// within the grace it is the same one, for an answer may be lost; later, or once it was refreshed,
// token_exchanged. token_not_ours where its user is not here; token_revoked where the user is disabled.
base::Result<Granted> exchange(Store& store, const Policy& policy, const base::Secret& mac_key,
                               const Exchange& form);

}  // namespace coatcheck::auth
