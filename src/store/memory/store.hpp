// SPDX-License-Identifier: Apache-2.0
// The port auth::Store in memory, as plain as possible. The tests of src/auth run on it, and the contract
// tests require the same behaviour of it, SQLite and PostgreSQL.
#pragma once

#include "auth/store.hpp"
#include "base/clock.hpp"

#include <functional>
#include <map>

namespace coatcheck::store {

class MemoryStore final : public auth::Store, public auth::StoreQueue {
public:
    explicit MemoryStore(std::function<base::Timestamp()> clock = base::read_clock)
        : clock_(std::move(clock)) {}

    // Runs the step at once, on the caller's thread. If the step throws, its changes are undone.
    void post(Work work) override;

    base::Timestamp now() override { return now_; }
    base::Result<void> insert_user(const auth::User& user) override;
    std::optional<auth::User> find_user(const std::string& id) override;
    std::optional<auth::User> lock_user(const std::string& id) override { return find_user(id); }
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
    std::optional<auth::Session> lock_session(const std::string& id) override { return find_session(id); }
    std::vector<std::string> sessions_beyond(const std::string& user, const std::string& except,
                                             std::size_t kept) override;
    base::Timestamp last_access_end(const std::string& user) override;
    bool has_live_session(const std::string& user, const std::string& address) override;
    std::vector<auth::Session> page_of_sessions(const auth::SessionPage& page) override;
    std::optional<auth::Session> end_session(const std::string& id) override;
    std::vector<auth::Session> end_sessions(const std::string& user, const std::string& except) override;
    std::vector<verify::Revocation> find_revocations(const std::string& subject) override;
    std::vector<std::string> disabled_users() override;
    std::int64_t next_status() override { return tables_.next_status++; }
    std::int64_t given_statuses() override { return tables_.next_status; }
    void set_status(const std::string& session, std::int64_t status) override;
    void renew_secret(const std::string& session, const crypto::SecretHash& secret_hash) override;
    void extend_access(const std::string& session, base::Timestamp access_end) override;
    void revive_nothing(const std::string& event) override;
    void set_clock(base::Timestamp now) override;
    void insert_revocation(const verify::Revocation& entry) override;
    std::vector<verify::Revocation> load_revocations() override;
    std::string feed_epoch() override { return "memory" + std::to_string(tables_.epoch); }
    std::optional<base::Timestamp> find_bucket(const std::string& key) override;
    void charge_bucket(const std::string& key, base::Duration refill) override {
        auto& empty_at = tables_.buckets[key];
        empty_at = std::max(empty_at, now_) + refill;
    }
    void empty_buckets(const std::string& prefix) override {
        std::erase_if(tables_.buckets, [&](const auto& row) { return row.first.starts_with(prefix); });
    }
    void lock_keys() override {}
    std::vector<auth::StoredKey> load_keys() override;
    void save_key(const auth::StoredKey& key) override { tables_.keys[key.id] = key; }
    void delete_key(const std::string& id) override { tables_.keys.erase(id); }
    std::vector<auth::ServiceKey> list_service_keys() override;
    bool insert_service_key(const auth::ServiceKey& key) override {
        return tables_.service_keys.emplace(key.name, key).second;
    }
    bool delete_service_key(const std::string& name) override { return tables_.service_keys.erase(name) > 0; }
    void append_audit(const auth::AuditEvent& event) override { tables_.audit.push_back(event); }
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
    bool insert_client(const auth::Client& client) override {
        return tables_.clients.emplace(client.id, client).second;
    }
    void update_client(const auth::Client& client) override;
    bool delete_client(const std::string& id) override;
    void save_consent(const auth::Consent& consent) override {
        tables_.consents[{consent.user, consent.client}] = consent;
    }
    bool delete_consent(const std::string& user, const std::string& client) override {
        return tables_.consents.erase({user, client}) > 0;
    }
    void insert_code(const auth::AuthorizationCode& code) override { tables_.codes[code.hash] = code; }
    std::optional<auth::AuthorizationCode> lock_code(const std::string& hash) override;
    void use_code(const std::string& hash, const std::string& session) override;
    void touch_session(const std::string& session, base::Timestamp idle_end) override;
    void set_recognised(const auth::Session& session) override;
    std::optional<auth::Client> lock_client(const std::string& id) override { return find_client(id); }
    std::optional<auth::Client> lock_client_shared(const std::string& id) override { return find_client(id); }
    void delete_codes(const std::string& client) override;
    auth::Rotation rotate_grant(const auth::RotateRequest& request) override;
    std::size_t sweep(std::size_t limit) override;
    void prove_writable() override {}

private:
    struct Tables {
        std::map<std::string, auth::User> users;
        std::map<std::string, auth::Session> sessions;
        std::int64_t next_status = 0;
        int epoch = 0;
        std::vector<verify::Revocation> revocations;
        std::uint64_t last_revocation = 0;
        std::map<std::string, base::Timestamp> buckets;
        std::map<std::string, auth::StoredKey> keys;
        std::map<std::string, auth::ServiceKey> service_keys;
        std::vector<auth::AuditEvent> audit;
        std::map<std::string, auth::Client> clients;
        std::map<std::pair<std::string, std::string>, auth::Consent> consents;
        std::map<std::string, auth::AuthorizationCode> codes;
    };
    bool is_live(const auth::Session& session) const;
    // `client`: empty for sessions of the SDK.
    auth::Rotation rotate_for(const std::string& client, const auth::RotateRequest& request);
    void end(auth::Session& session);
    base::Result<void> unique(const auth::User& user) const;

    std::function<base::Timestamp()> clock_;
    base::Timestamp now_{};
    Tables tables_;
};

}  // namespace coatcheck::store
