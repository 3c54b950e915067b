// SPDX-License-Identifier: Apache-2.0
// The store's verbs for sessions.
#pragma once

#include "auth/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

struct RotateRequest {
    std::string session, user;
    crypto::SecretHash secret_hash;
    std::uint32_t counter = 0;
    Duration grace, idle, access_ttl;
    bool by_cookie = false;  // the refresh token came as a cookie
};

struct Rotation {
    enum class Outcome {
        rotated,   // the counter was current and has grown by one
        repeated,  // superseded less than the grace ago, or the fifth use within one grace: the current token
                   // again
        reused,    // superseded earlier, or ahead of the row: the caller must end the session
        misplaced,  // it came as a cookie, but its session delivers tokens in bodies
        ended,      // the session is unknown or over, the secret differs, or the user is not enabled
    };
    Outcome outcome = Outcome::ended;
    bool by_earlier_secret = false;  // `repeated`, by the secret that was renewed less than the grace ago
    Session session{};               // as it is now; empty if the outcome is `ended`
    User user{};
};

// Live sessions, of one user or of all, in the order of their ids: no session is missed, whatever is
// refreshed between two pages.
struct SessionPage {
    std::size_t limit = 100;
    std::optional<std::string> user{};
    std::string after = "";
};

class SessionReads {
public:
    virtual ~SessionReads() = default;
    virtual std::optional<Session> find_session(const std::string& id) = 0;
    // Live ones, latest use first.
    virtual std::vector<Session> list_sessions(const std::string& user) = 0;
    // True if the user has a live session that was opened from the network (network_of()) of this address.
    virtual bool has_live_session(const std::string& user, const std::string& address) = 0;
    virtual std::vector<Session> page_of_sessions(const SessionPage& page) = 0;
    // How many indexes of the Token Status Lists were given to sessions.
    virtual std::int64_t given_statuses() = 0;
};

class SessionWrites {
public:
    virtual ~SessionWrites() = default;
    // In one statement: inserts the session if the user is still enabled and still has this password hash.
    // Gives the user as it is now.
    virtual std::optional<User> insert_session(const Session& session, const std::string& password_hash) = 0;
    // A rotation may stay even if its step is undone afterwards: to the client that is the same as a lost
    // answer.
    virtual Rotation rotate_refresh(const RotateRequest& request) = 0;
    // As find_session(). Until this step ends, no other step changes the session.
    virtual std::optional<Session> lock_session(const std::string& id) = 0;
    // Ends the session for ever, and gives it as it is then. nullopt if it had ended before or does not
    // exist.
    virtual std::optional<Session> end_session(const std::string& id) = 0;
    // Ends all sessions of the user except one, and gives those that may have a live access token. The caller
    // has locked the user.
    virtual std::vector<Session> end_sessions(const std::string& user, const std::string& except) = 0;
    // Gives the session a new secret. The present secret becomes `renewed_from`.
    virtual void renew_secret(const std::string& session, const crypto::SecretHash& secret_hash) = 0;
    // An index of the Token Status Lists that was never given before.
    virtual std::int64_t next_status() = 0;
    virtual void set_status(const std::string& session, std::int64_t status) = 0;
    virtual void extend_access(const std::string& session, Timestamp access_end) = 0;
    // For a restored copy, which does not know what was ended after it was taken: ends every session and
    // every token issued until now, drops the signing keys, and gives the feed another epoch. No token may be
    // issued in the same second.
    virtual void revive_nothing() = 0;
};

}  // namespace coatcheck::auth
