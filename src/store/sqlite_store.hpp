// SPDX-License-Identifier: Apache-2.0
// The port on SQLite. Used by one thread at a time, inside transactions that store/queue.cpp opens.
#pragma once

#include "auth/store.hpp"
#include "store/sqlite.hpp"
#include "store/epoch.hpp"

namespace coatcheck::store {

class SqliteStore final : public auth::Store {
public:
    // Opens, migrates (a newer schema is refused) and, where this file is a restored copy, ends every session in it.
    explicit SqliteStore(const std::string& path, std::function<base::Timestamp()> clock = base::read_clock);
    ~SqliteStore() override;

    base::Timestamp now() override { return now_; }
    base::Result<void> insert_user(const auth::User& user) override;
    std::optional<auth::User> find_user(const std::string& id) override;
    std::optional<auth::User> find_user_by_login(const std::string& folded) override;
    std::vector<auth::User> list_users(const auth::UserPage& page) override;
    base::Result<void> update_user(const auth::User& user) override;
    bool replace_password_hash(const std::string& user, const std::string& expected, const std::string& hash) override;
    void delete_user(const std::string& id) override;
    std::optional<auth::User> insert_session(const auth::Session& session, const std::string& password_hash) override;
    auth::Rotation rotate_refresh(const auth::RotateRequest& request) override;
    std::optional<auth::Session> find_session(const std::string& id) override;
    std::vector<auth::Session> list_sessions(const std::string& user) override;
    bool has_live_session(const std::string& user, const std::string& address) override;
    std::vector<auth::Session> page_of_sessions(const auth::SessionPage& page) override;
    std::optional<base::Timestamp> end_session(const std::string& id) override;
    std::vector<auth::Session> end_sessions(const std::string& user, const std::string& except) override;
    std::vector<verify::Revocation> find_revocations(const std::string& subject) override;
    std::vector<std::string> disabled_users() override;
    std::int64_t next_status() override;
    std::int64_t given_statuses() override;
    void set_status(const std::string& session, std::int64_t status) override;
    void renew_secret(const std::string& session, const std::string& secret_hash) override;
    base::Timestamp last_access_end() override;
    void extend_access(const std::string& session, base::Timestamp access_end) override;
    void end_all_sessions() override;
    void insert_revocation(const verify::Revocation& entry) override;
    std::vector<verify::Revocation> load_revocations() override;
    std::string feed_epoch() override;
    std::optional<base::Timestamp> find_bucket(const std::string& key) override;
    void save_bucket(const std::string& key, base::Timestamp empty_at) override;
    std::vector<auth::StoredKey> load_keys() override;
    void save_key(const auth::StoredKey& key) override;
    void delete_key(const std::string& id) override;
    std::vector<auth::ServiceKey> list_service_keys() override;
    bool insert_service_key(const auth::ServiceKey& key) override;
    bool delete_service_key(const std::string& name) override;
    void append_audit(const auth::AuditEvent& event) override;
    std::vector<auth::AuditEvent> list_audit(std::size_t limit) override;
    std::size_t sweep(std::size_t limit) override;

    // For the queue: a transaction of many steps, each in a savepoint.
    void begin();
    void commit();
    void rollback();
    void savepoint();
    void release();
    void undo();

    // What this transaction's steps published, for the queue to hand on after the commit.
    std::vector<verify::Revocation> take_published() { return std::exchange(published_, {}); }
    bool take_keys_changed() { return std::exchange(keys_changed_, false); }

private:
    void migrate();
    void end_what_a_copy_would_revive();
    void begin_epoch();
    base::Timestamp read_store_clock();

    std::function<base::Timestamp()> clock_;
    std::string path_;
    Database db_;
    std::pair<std::uint64_t, std::int64_t> file_;  // the inode that was opened, and its size
    Epoch epoch_;
    std::string noted_epoch_;
    base::Timestamp epoch_end_{};
    bool epoch_is_new_ = false;
    bool written_ = false;  // since it was opened
    std::int64_t changes_at_begin_ = 0;
    base::Timestamp now_{};
    base::Timestamp high_water_{};
    std::chrono::steady_clock::time_point high_water_at_{};
    std::vector<verify::Revocation> published_;
    std::size_t published_at_savepoint_ = 0;
    bool keys_changed_ = false;
};

}  // namespace coatcheck::store
