// SPDX-License-Identifier: Apache-2.0
// Sign-in and the exchange of a foreign token. src/web calls the parts of a sign-in in order: look_up()
// (store) → a proof (auth/factors; a password in the hashing pool) → open_session() (store) →
// mint_tokens(). exchange() is one store step.
#pragma once

#include "auth/factors/proof.hpp"
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
    bool crypt = false;  // issue a crypt token instead of a JWT
    std::string device;
    std::string address;
    bool has_session = false;  // the client shows a live session of the user: its address counts as known
    // When the request arrived, by this machine's clock. No token of the session gets a later auth_time.
    Timestamp asked = Timestamp::max();
};

// The user who may be signing in.
struct Candidate {
    std::optional<User> user;  // nullopt: no user has this login
    Attempt attempt;           // what the limits count
    AttemptsInFlight::Slot slot;
};

// A session that was just opened or refreshed, with all that minting needs.
struct Granted {
    User user;
    Session session;
    Timestamp granted_at;  // by the store's clock, like access_end
    Timestamp access_end;
    std::string secret;  // the secret in the refresh tokens
};

// Finds the user and checks the limits. too_many_attempts.
base::Result<Candidate> look_up(Store& store, AttemptsInFlight& in_flight, const base::Secret& mac_key,
                                const SignIn& form);

// Sets when a session that is opened now, or whose user is recognised anew, ends.
void set_ends(Session& session, Timestamp now, const Policy& policy, bool remember);

// True if the proof is the user's and no limit withholds the success.
bool accepts(const Candidate& candidate, const Proof& proof);

// If accepts(), checks the user again and inserts the session and an audit event. Otherwise
// charges the failure: invalid_credentials.
base::Result<Granted> open_session(Store& store, const Policy& policy, const SignIn& form,
                                   const Candidate& candidate, const Proof& proof);

// A valid foreign token (verify/foreign_verifier.hpp) that a client exchanges for a session.
struct Exchange {
    std::string session, user, issuer;  // from the token's claims
    Timestamp issued, foreign_end;      // from the token's claims
    base::Secret token;
    Delivery delivery = Delivery::hybrid;
    bool remember = true;
    std::string device;
    std::string address;
    // When the request arrived, by this machine's clock. No token of the session gets a later auth_time.
    Timestamp asked = Timestamp::max();
};

// Opens a session for a foreign token. Each token gets one session; the session's id is made from the
// token, so that ending the session revokes the token too. A repeated exchange within the grace returns the
// same session, because the first answer may be lost. token_exchanged: repeated later, or after the session
// was refreshed or ended. token_not_ours: the user has not been imported. token_revoked: the token is
// revoked or the user is disabled.
base::Result<Granted> exchange(Store& store, const Policy& policy, const base::Secret& mac_key,
                               const Exchange& form);

}  // namespace coatcheck::auth
