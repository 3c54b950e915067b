// SPDX-License-Identifier: Apache-2.0
// The port on PostgreSQL, which several nodes share. Isolation is READ COMMITTED: what two steps must not do
// at once, the verbs lock, first the user and then sessions (docs/adr/0015-postgresql.md).
#pragma once

#include "store/postgres_database.hpp"
#include "store/sql_store.hpp"

#include <atomic>
#include <functional>
#include <span>

namespace coatcheck::store {

class PostgresStore final : public SqlStore {
public:
    // `told`, if any: up to which place of the feed the verifiers were told; catch_up() fetches what comes
    // after it.
    PostgresStore(const PostgresAddress& address, PostgresDatabase::Prepare prepare,
                  std::function<base::Timestamp()> clock, const std::atomic<std::uint64_t>* told = nullptr);

    // Brings the schema up to date; one node does it, others wait. Throws StoreError where it is newer, or
    // the database is not fit.
    void migrate();
    // Throws StoreError while the copy of another database is not finished (store/copy.hpp).
    void refuse_unfinished_copy();
    // The database's clock, or what it has been already, if that is later. Outside of transactions.
    base::Timestamp database_clock();

    // Rotates those tokens that are current, in one statement that is a transaction of its own; what became
    // of each. They differ in session, user, secret, counter and how they came, and in nothing else.
    static constexpr std::size_t most_together = 64;
    struct Together {
        base::Timestamp at;
        std::vector<std::optional<auth::Rotation>> rotations;  // nothing: it was not current
    };
    Together rotate_together(std::span<const auth::RotateRequest* const> requests);
    // A transaction whose step rotates one of them: this is what became of it.
    void begin_rotated(base::Timestamp at, std::optional<auth::Rotation>& rotated);
    void begin();
    void commit();
    void rollback();
    bool is_broken() const { return postgres_.is_broken(); }

    void lock_keys() override;
    std::int64_t next_status() override;
    std::int64_t given_statuses() override;
    std::vector<verify::Revocation> load_revocations() override;
    void catch_up() override;
    // The last place that this transaction has fetched so; 0: none. Places are seen in their order: all
    // before it are told with it.
    std::uint64_t caught_up_to() const { return caught_up_to_; }

    // The feed (store/postgres_feed.hpp).
    struct FeedState {
        std::uint64_t last_id = 0;
        std::int64_t keys_version = 0;
        base::Timestamp clock;  // the database's
        base::Timestamp noted;  // and as noted last
        bool without_place = false;
    };
    FeedState look();
    void give_places();
    void skip_places(std::uint64_t up_to);
    std::vector<verify::Revocation> after(std::uint64_t id, std::size_t most);
    void note_clock(base::Timestamp clock);
    PostgresDatabase& database() { return postgres_; }

protected:
    bool rotate_current(const auth::RotateRequest& request, auth::Rotation& result) override;
    void skip_statuses(std::int64_t count) override;
    SessionSweep sweep_of_sessions() const override;
    const char* delete_revocations() const override;

private:
    void check_fitness();

    PostgresDatabase postgres_;
    std::function<base::Timestamp()> clock_;
    const std::atomic<std::uint64_t>* told_;
    std::uint64_t caught_up_to_ = 0;
    std::optional<auth::Rotation>* rotated_ = nullptr;
};

}  // namespace coatcheck::store
