// SPDX-License-Identifier: Apache-2.0
// The port auth::Store in SQL, for any Database. What SQLite and PostgreSQL do differently is virtual: see
// sqlite/store.cpp and postgres/store.cpp. One thread at a time uses it, inside a transaction that the
// engine's queue opens.
#pragma once

#include "auth/store.hpp"
#include "store/sql/database.hpp"

#include <utility>

namespace coatcheck::store {

// Two statements for the sessions that are due for the sweeper. `remove` deletes those that are over;
// `put_off` sets the due time of the others to their present end. $1 is the present time, $2 the largest
// number of rows.
struct SessionSweep {
    const char *remove, *put_off;
};

class SqlStore : public auth::Store {
public:
    base::Timestamp now() override { return now_; }
    base::Result<void> insert_user(const auth::User& user) override;
    std::optional<auth::User> find_user(const std::string& id) override;
    std::optional<auth::User> lock_user(const std::string& id) override;
    std::optional<auth::User> find_user_by_login(const std::string& folded) override;
    std::vector<auth::User> list_users(const auth::UserPage& page) override;
    base::Result<void> update_user(const auth::User& user) override;
    bool replace_password_hash(const std::string& user, const std::string& expected,
                               const std::string& hash) override;
    void delete_user(const std::string& id) override;
    std::optional<auth::User> insert_session(const auth::Session& session,
                                             const std::string& password_hash) override;
    auth::Rotation rotate_refresh(const auth::RotateRequest& request) override;
    std::optional<auth::Session> find_session(const std::string& id) override;
    std::optional<auth::Session> lock_session(const std::string& id) override;
    std::vector<std::string> sessions_beyond(const std::string& user, const std::string& except,
                                             std::size_t kept) override;
    base::Timestamp last_access_end(const std::string& user) override;
    bool has_live_session(const std::string& user, const std::string& address) override;
    std::vector<auth::Session> page_of_sessions(const auth::SessionPage& page) override;
    std::optional<auth::Session> end_session(const std::string& id) override;
    std::vector<auth::Session> end_sessions(const std::string& user, const std::string& except) override;
    std::vector<verify::Revocation> find_revocations(const std::string& subject) override;
    std::vector<std::string> disabled_users() override;
    std::int64_t next_status() override;
    std::int64_t given_statuses() override;
    void set_status(const std::string& session, std::int64_t status) override;
    void renew_secret(const std::string& session, const crypto::SecretHash& secret_hash) override;
    void extend_access(const std::string& session, base::Timestamp access_end) override;
    void revive_nothing(const std::string& event) override;
    void insert_revocation(const verify::Revocation& entry) override;
    std::vector<verify::Revocation> load_revocations() override;
    std::string feed_epoch() override;
    std::optional<base::Timestamp> find_bucket(const std::string& key) override;
    void charge_bucket(const std::string& key, base::Duration refill) override;
    void empty_buckets(const std::string& prefix) override;
    void lock_keys() override {}  // there is one writer
    std::vector<auth::StoredKey> load_keys() override;
    void save_key(const auth::StoredKey& key) override;
    void delete_key(const std::string& id) override;
    std::vector<auth::ServiceKey> list_service_keys() override;
    bool insert_service_key(const auth::ServiceKey& key) override;
    bool delete_service_key(const std::string& name) override;
    void append_audit(const auth::AuditEvent& event) override;
    std::vector<auth::AuditEvent> list_audit(std::size_t limit) override;
    std::vector<auth::Client> list_clients() override;
    std::optional<auth::Client> find_client(const std::string& id) override;
    std::optional<auth::Consent> find_consent(const std::string& user, const std::string& client) override;
    std::size_t count_codes(const std::string& user) override;
    std::vector<auth::Consent> consents_of(const std::string& user) override;
    std::vector<std::string> grants_of(const std::string& client, const std::string& user,
                                       std::size_t limit) override;
    std::vector<std::string> users_like_clients() override;
    std::vector<auth::Session> children_of(const std::string& user, const std::string& parent) override;
    bool insert_client(const auth::Client& client) override;
    void update_client(const auth::Client& client) override;
    bool delete_client(const std::string& id) override;
    void save_consent(const auth::Consent& consent) override;
    bool delete_consent(const std::string& user, const std::string& client) override;
    void insert_code(const auth::AuthorizationCode& code) override;
    std::optional<auth::AuthorizationCode> lock_code(const std::string& hash) override;
    void use_code(const std::string& hash, const std::string& session) override;
    void touch_session(const std::string& session, base::Timestamp idle_end) override;
    void set_recognised(const auth::Session& session) override;
    std::optional<auth::Client> lock_client(const std::string& id) override;
    std::optional<auth::Client> lock_client_shared(const std::string& id) override;
    void delete_codes(const std::string& client) override;
    auth::Rotation rotate_grant(const auth::RotateRequest& request) override;
    std::size_t sweep(std::size_t limit) override;
    void prove_writable() override;
    void set_clock(base::Timestamp now) override;

    // The revocations of this transaction's steps. The queue passes them on after the commit.
    std::vector<verify::Revocation> take_published() { return std::exchange(published_, {}); }
    bool keys_changed() const { return keys_changed_; }
    bool take_keys_changed() { return std::exchange(keys_changed_, false); }

protected:
    void end_every_session();
    // Deletes at most `rows` of each kind of event that has more than 250,000. Returns the number.
    int sweep_audit_by_kind(std::int64_t rows);
    explicit SqlStore(Database& database) : db_(database) {}
    // One statement: checks that the token is current and rotates it. If it does, it fills in session and
    // user and returns true.
    virtual bool rotate_current(const auth::RotateRequest& request, auth::Rotation& result);
    // The client gets the session's current token again. Always changes the row: a row that is as a rotation
    // left it proves that only the rotation's own answer can have had the token.
    void note_repeat(const auth::RotateRequest& request, auth::Session& session);
    // True if the token was superseded by a rotation that was never answered, and nobody was given its
    // successor since.
    virtual bool was_unanswered(const auth::RotateRequest&, const auth::Session&) { return false; }
    // This step has seen something that is over, and that another node may have ended.
    virtual void saw_an_end() {}
    // Moves the next index in the Token Status Lists forward by at least `count`.
    virtual void skip_statuses(std::int64_t count) = 0;
    virtual SessionSweep sweep_of_sessions() const = 0;
    virtual const char* delete_revocations() const = 0;  // deletes expired ones: $1 now, $2 at most this many
    // Locks the live session of an enabled user until the step ends, and fills in both. False if there is
    // none.
    bool lock_live(const std::string& session, const std::string& user, auth::Rotation& result);

    // What the query's row holds, if there is one. Each notes an end that it sees.
    std::optional<auth::Session> session_in(Query& row);
    std::optional<auth::User> user_in(Query& row);

    Database& db_;
    base::Timestamp now_{};
    std::vector<verify::Revocation> published_;
    bool keys_changed_ = false;
};

}  // namespace coatcheck::store
