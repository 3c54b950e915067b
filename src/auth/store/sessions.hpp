// SPDX-License-Identifier: Apache-2.0
// Store operations on sessions.
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
    std::string client{};    // rotate_grant(): the client that presents the token
};

struct Rotation {
    enum class Outcome {
        // The counter was current and has grown by one.
        rotated,
        // The token was superseded less than the grace ago, or it is current and the session was rotated four
        // times within one grace. The client gets the current token again.
        repeated,
        // The token was superseded earlier, or its counter is ahead of the stored one. The caller must end
        // the session.
        reused,
        // The token came as a cookie, but its session delivers tokens in bodies.
        misplaced,
        // The session is unknown or over, the secret differs, or the user is not enabled.
        ended,
    };
    Outcome outcome = Outcome::ended;
    Session session{};  // after the rotation; empty if the outcome is `ended`
    User user{};
};

// Selects live sessions, of one user or of all, in the order of their ids. A refresh between two pages does
// not change this order, so no session is missed.
struct SessionPage {
    std::size_t limit = 100;
    std::optional<std::string> user{};
    std::string after = "";  // the id of the last session on the page before
};

class SessionReads {
public:
    virtual ~SessionReads() = default;
    virtual std::optional<Session> find_session(const std::string& id) = 0;
    // Ids of live sessions of the user, except `except` and the `kept` used last; least recently used first,
    // at most 100. Looks at no more than kept + 100 of the user's sessions.
    virtual std::vector<std::string> sessions_beyond(const std::string& user, const std::string& except,
                                                     std::size_t kept) = 0;
    // When the last of the access tokens of the user's sessions expires; the epoch if there is none.
    virtual Timestamp last_access_end(const std::string& user) = 0;
    // True if the user has a live session that was opened from the network (base::network_of()) of this
    // address.
    virtual bool has_live_session(const std::string& user, const std::string& address) = 0;
    virtual std::vector<Session> page_of_sessions(const SessionPage& page) = 0;
    // How many indexes of the Token Status Lists have been given out.
    virtual std::int64_t given_statuses() = 0;
};

class SessionWrites {
public:
    virtual ~SessionWrites() = default;
    // Inserts the session if the user is still enabled and still has this password hash, in one statement.
    // Returns the user as stored now; nullopt if nothing was inserted.
    virtual std::optional<User> insert_session(const Session& session, const std::string& password_hash) = 0;
    // The rotation may stay in force even if its step is undone afterwards. For the client, this is the
    // same as a lost answer.
    virtual Rotation rotate_refresh(const RotateRequest& request) = 0;
    // As rotate_refresh(), for a grant of request.client; for any other session the outcome is `ended`.
    // `repeated` and `reused` as there.
    virtual Rotation rotate_grant(const RotateRequest& request) = 0;
    // As find_session(). Until this step ends, no other step changes the session.
    virtual std::optional<Session> lock_session(const std::string& id) = 0;
    // Ends the session for good, and returns it as it is then. nullopt: it had ended before, or does not
    // exist.
    virtual std::optional<Session> end_session(const std::string& id) = 0;
    // Ends all sessions of the user except `except` and the grants that were given in it. Returns those that
    // may have a live access token. The caller has locked the user.
    virtual std::vector<Session> end_sessions(const std::string& user, const std::string& except) = 0;
    // Gives the session a new secret. The old one becomes `renewed_from`.
    virtual void renew_secret(const std::string& session, const crypto::SecretHash& secret_hash) = 0;
    // Returns an index of the Token Status Lists that was never given out before.
    virtual std::int64_t next_status() = 0;
    virtual void set_status(const std::string& session, std::int64_t status) = 0;
    // Moves `access_end` forward to this time; never back.
    virtual void extend_access(const std::string& session, Timestamp access_end) = 0;
    // For a database that does not know what has ended: it was restored from a copy, or its clock was wrong.
    // Ends every session, revokes every token that was issued until now, deletes the signing keys, gives the
    // feed another epoch, and writes `event` to the audit log. No token may be issued in the same second.
    virtual void revive_nothing(const std::string& event) = 0;
};

}  // namespace coatcheck::auth
