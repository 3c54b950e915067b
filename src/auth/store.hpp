// SPDX-License-Identifier: Apache-2.0
// The store's port: verbs named by need. A step is a function that is given the Store; it runs whole or not
// at all, and its request goes on only when it is on disk.
#pragma once

#include "auth/service_keys.hpp"
#include "auth/types.hpp"
#include "base/result.hpp"
#include "verify/revocations.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

struct RotateRequest {
    std::string session, user, secret_hash;
    std::uint32_t counter = 0;
    Duration grace, idle, access_ttl;
    bool by_cookie = false;  // that is how it was presented
};

struct Rotation {
    enum class Outcome {
        rotated,    // the counter was current and has grown by one
        repeated,   // superseded less than the grace ago, or four rotations in this grace: the current token
                    // again
        reused,     // superseded earlier, or ahead of the row: end the session
        misplaced,  // it came by a cookie, and belongs to a session whose tokens are delivered in bodies
        ended,      // unknown, over, other secret, or the user is not enabled
    };
    Outcome outcome = Outcome::ended;
    bool by_earlier_secret = false;  // `repeated`, by the secret that was renewed less than the grace ago
    Session session{};               // as it is now; unless `ended`
    User user{};
};

// Which users: those whose name or e-mail address begins with `prefix`, after the one named `after`; both
// folded, or empty.
struct UserPage {
    std::size_t limit = 100;
    std::string after = "", prefix = "";
};

// Live sessions, of one user or of all, by id: none is missed, whatever is refreshed between two pages.
struct SessionPage {
    std::size_t limit = 100;
    std::optional<std::string> user{};
    std::string after = "";
};

// A signing key or the refresh tokens' MAC key, the secret part sealed.
struct StoredKey {
    enum class State { next, current, retired };
    std::string id;         // kid; for the MAC key its number
    std::string algorithm;  // ES256 …, or "MAC"
    State state = State::next;
    std::string sealed;
    Timestamp created;
    Timestamp state_since;
    Timestamp drop_after{};  // retired: when its last token has expired
    Duration token_life{
        0};  // the longest life of the access tokens that it signs, or the keys before it signed
};

class Store {
public:
    virtual ~Store() = default;
    // The store's clock: decides graces and ends of sessions; never goes back, restarts included.
    virtual Timestamp now() = 0;

    // Users. Names and addresses are unique in folded form.
    virtual base::Result<void> insert_user(const User& user) = 0;  // username_taken, email_taken
    virtual std::optional<User> find_user(const std::string& id) = 0;
    // The same; and until this step ends, no other step changes the user or opens a session of theirs.
    virtual std::optional<User> lock_user(const std::string& id) = 0;
    virtual std::optional<User> find_user_by_login(const std::string& folded) = 0;  // name, or e-mail address
    virtual std::vector<User> list_users(const UserPage& page) = 0;                 // by folded name
    virtual base::Result<void> update_user(const User& user) = 0;  // by id; every column but `created`
    // Replaces the hash if it is still `expected`; raises nothing.
    virtual bool replace_password_hash(const std::string& user, const std::string& expected,
                                       const std::string& hash) = 0;
    virtual void delete_user(const std::string& id) = 0;    // its sessions go with it
    virtual std::vector<std::string> disabled_users() = 0;  // ids

    // Sessions.
    // One statement: inserts if the user is still enabled and still has this password hash. The user as it is
    // now.
    virtual std::optional<User> insert_session(const Session& session, const std::string& password_hash) = 0;
    // A rotation may stay where the step is undone afterwards: for the client that is an answer that was
    // lost.
    virtual Rotation rotate_refresh(const RotateRequest& request) = 0;
    virtual std::optional<Session> find_session(const std::string& id) = 0;
    virtual std::optional<Session> lock_session(
        const std::string& id) = 0;  // and until this step ends, no other changes it
    virtual std::vector<Session> list_sessions(const std::string& user) = 0;  // live ones, latest use first
    virtual bool has_live_session(const std::string& user,
                                  const std::string& address) = 0;  // opened from its network_of()
    virtual std::vector<Session> page_of_sessions(const SessionPage& page) = 0;
    // Ends it for ever and gives it as it is then; nullopt if it had ended or is not there.
    virtual std::optional<Session> end_session(const std::string& id) = 0;
    // Ends all of the user's but one, and gives those of which a token may live. The user is locked.
    virtual std::vector<Session> end_sessions(const std::string& user, const std::string& except) = 0;
    // Gives the session a new secret; the present one becomes `renewed_from`.
    virtual void renew_secret(const std::string& session, const std::string& secret_hash) = 0;
    // An index of the Token Status Lists that was never given before, and giving one to a session; how many
    // were given.
    virtual std::int64_t next_status() = 0;
    virtual std::int64_t given_statuses() = 0;
    virtual void set_status(const std::string& session, std::int64_t status) = 0;
    virtual void extend_access(const std::string& session, Timestamp access_end) = 0;
    virtual void end_all_sessions() = 0;
    // This is a restored copy, and what was ended after it was taken is not known: ends every session and
    // every token issued until now, drops the keys that sign, and gives the feed another epoch. No token may
    // be issued in the same second.
    virtual void revive_nothing() = 0;

    // Revocations reach every verifier when the step commits, before its request goes on.
    virtual void insert_revocation(const verify::Revocation& entry) = 0;
    virtual std::vector<verify::Revocation> load_revocations() = 0;
    // What other nodes took back until now (keys apart) reaches this node's verifiers when the step commits:
    // for who says that something is over which another node may have ended. Where one process alone writes,
    // there is nothing to hear of.
    virtual void catch_up() {}
    // Those of one session or user, with what this step has done.
    virtual std::vector<verify::Revocation> find_revocations(const std::string& subject) = 0;
    // Tells the ids of revocations from those of a restored copy (auth/revocation_log.hpp).
    virtual std::string feed_epoch() = 0;

    // Limits: when a bucket will be empty again (GCRA's theoretical arrival time).
    virtual std::optional<Timestamp> find_bucket(const std::string& key) = 0;
    // One more: a bucket that is not there, or is empty, is empty `refill` from now; another that much later
    // than it was.
    virtual void charge_bucket(const std::string& key, Duration refill) = 0;

    // Keys, service keys too. A change makes every node load them again when the step commits.
    virtual void lock_keys() = 0;  // until this step ends, no other, on whatever node, changes signing keys
    virtual std::vector<StoredKey> load_keys() = 0;
    virtual void save_key(const StoredKey& key) = 0;  // inserts or replaces
    virtual void delete_key(const std::string& id) = 0;
    virtual std::vector<ServiceKey> list_service_keys() = 0;       // by name
    virtual bool insert_service_key(const ServiceKey& key) = 0;    // false: the name is taken
    virtual bool delete_service_key(const std::string& name) = 0;  // false: there is none

    virtual void append_audit(const AuditEvent& event) = 0;
    virtual std::vector<AuditEvent> list_audit(std::size_t limit) = 0;  // latest first

    // Deletes what is over, at most `limit` rows of each kind; the number deleted. Less than `limit`: there
    // is no more to do.
    virtual std::size_t sweep(std::size_t limit) = 0;
};

// What a queue tells, on threads of its own.
struct StoreListener {
    // Committed here or elsewhere: has to take effect before it returns. The same may come twice.
    std::function<void(const std::vector<verify::Revocation>&)> revoked;
    // The same with their ids, each once, in the order of the feed; from one thread at a time.
    std::function<void(const std::vector<verify::Revocation>&)> in_feed;
    std::function<void(Store&)> keys_changed;  // called inside a transaction of its own
};

// Runs steps on threads of the store's own.
class StoreQueue {
public:
    virtual ~StoreQueue() = default;
    using Step = std::function<void(Store&)>;
    struct Work {
        // Where other transactions stand in the way, a step is undone and run again: it assigns to what it
        // was given, and does not add to it.
        Step step;
        // Called on the store's thread when the step is durable (null), or was undone (the exception).
        std::function<void(std::exception_ptr)> done;
        // If there is one, it may be called on the store's thread once the step has run and will not run
        // again, but is not durable yet: time to prepare what nobody may hear before `done`. Must not throw.
        std::function<void()> ran{};
        // What the step rotates before it asks anything else: a queue may do that for many at once. Lives
        // until `done` is called.
        const RotateRequest* rotation = nullptr;
        // It writes nothing, and need not wait for those that do. It sees all that was durable when it was
        // posted.
        bool only_reads = false;
    };
    virtual void post(Work work) = 0;
    // From now on the listener also hears what other nodes do; of revocations, those after this id.
    virtual void follow(std::uint64_t) {}
    // Fetches from the disk the sessions that sweep(rows) looks at next, so that those who come behind it do
    // not wait for that. A help: where it fails, that is logged. From one thread at a time, and not from I/O
    // threads.
    virtual void read_ahead_of_sweep(std::size_t) {}
    // False while it does not hear of them: then this node is not fit to be asked. Any thread.
    virtual bool is_current() const { return true; }
    // Posts and waits; throws what the step threw. Not for I/O threads.
    void run(Step step);
};

}  // namespace coatcheck::auth
