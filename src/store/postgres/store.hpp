// SPDX-License-Identifier: Apache-2.0
// The port auth::Store on PostgreSQL, which several nodes share. Isolation is READ COMMITTED: the functions
// lock what two steps must not do at once, first the user and then sessions (docs/adr/0015-postgresql.md).
#pragma once

#include "store/postgres/database.hpp"
#include "store/postgres/unanswered.hpp"
#include "store/sql/store.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <span>

namespace coatcheck::store {

class PostgresStore final : public SqlStore {
public:
    // `told`, unless null: the position in the feed up to which the verifiers have been told. A step that
    // sees an end fetches what comes after it, because another node may have caused that end: when the step
    // commits, this node's verifiers learn of it before the step's request goes on.
    PostgresStore(const PostgresAddress& address, PostgresDatabase::Prepare prepare,
                  std::function<base::Timestamp()> clock, const std::atomic<std::uint64_t>* told = nullptr,
                  UnansweredRotations* unanswered = nullptr);

    // Brings the schema up to date; one node does it while the others wait. Throws StoreError if the schema
    // is newer, or if the database's encoding, fsync or synchronous_commit is unsuitable.
    void migrate();
    // Throws StoreError if the tables cannot be used as they are: row-level security hides rows, or a
    // sequence would give numbers a second time.
    void check_tables();
    // Throws StoreError while the copy of another database is not finished (store/copy/copy.hpp).
    void refuse_unfinished_copy();

    // Rotates those tokens that are current, in one statement that is a transaction of its own, and returns
    // the rotation of each. The requests, at most `most_together`, have the same grace, idle and access_ttl.
    static constexpr std::size_t most_together = 64;
    struct Together {
        base::Timestamp at;
        std::vector<std::optional<auth::Rotation>> rotations;  // nullopt: the token was not current
    };
    Together rotate_together(std::span<const auth::RotateRequest* const> requests);
    // Begins a transaction whose step asks for one of these rotations: `rotated` is the result that it gets.
    void begin_rotated(base::Timestamp at, std::optional<auth::Rotation>& rotated);
    // If this transaction has sent the request's rotation, which may be committed even if the step fails: the
    // row as it is then.
    std::optional<UnansweredRotation> left_by(const auth::RotateRequest& request) const;
    // Lets the grace of these, at most `most_together`, begin now. Returns those whose rows were still as
    // they had been left. Waits for no lock: a row that is locked is left out.
    std::vector<UnansweredRotation> renew_graces(std::span<const UnansweredRotation> rotations);
    void begin();
    void commit();
    void rollback();
    bool is_broken() const { return postgres_.is_broken(); }
    bool is_owed_an_answer(std::chrono::milliseconds at_most) { return postgres_.is_owed_an_answer(at_most); }

    auth::Rotation rotate_refresh(const auth::RotateRequest& request) override;
    void lock_keys() override;
    std::int64_t next_status() override;
    std::int64_t given_statuses() override;
    std::vector<verify::Revocation> load_revocations() override;
    // The last position that this transaction has fetched because its step saw an end; 0: none. Positions
    // appear in their order, so everything before it has been fetched too.
    std::uint64_t caught_up_to() const { return caught_up_to_; }

    // For the feed (store/postgres/feed.hpp).
    struct FeedState {
        std::uint64_t last_id = 0;
        std::int64_t keys_version = 0;
        base::Timestamp clock;  // the database's clock
        base::Timestamp noted;  // the clock as it was last noted in the database
        // True if some revocation has no position yet.
        bool without_place = false;
        std::string epoch;          // feed_epoch()
        bool from_standby = false;  // a standby answered, which may be behind
    };
    FeedState look();
    // The commit of this transaction does not wait for a synchronous standby. What the feed writes need not
    // survive a failover: places are given anew, and every node notes the clock.
    void commit_locally();
    // Gives a position to every revocation that has none.
    void give_places();
    // The next position will lie after `up_to`.
    void skip_places(std::uint64_t up_to);
    // The revocations after this position, in the feed's order, at most `most`.
    std::vector<verify::Revocation> after(std::uint64_t id, std::size_t most);
    void note_clock(base::Timestamp clock, const std::string& epoch);
    PostgresDatabase& database() { return postgres_; }

protected:
    bool rotate_current(const auth::RotateRequest& request, auth::Rotation& result) override;
    void skip_statuses(std::int64_t count) override;
    SessionSweep sweep_of_sessions() const override;
    const char* delete_revocations() const override;
    void saw_an_end() override { saw_an_end_ = true; }
    bool was_unanswered(const auth::RotateRequest& request, const auth::Session& session) override;

private:
    struct RowLeft {
        base::Timestamp rotated, last_used;
    };
    void catch_up();
    void check_fitness();

    std::deque<std::string>
        texts_;  // of statements that are made here: postgres_ knows them by their address
    PostgresDatabase postgres_;
    std::function<base::Timestamp()> clock_;
    const std::atomic<std::uint64_t>* told_;
    UnansweredRotations* unanswered_;
    std::optional<RowLeft> left_;  // by this transaction's rotation
    bool found_unanswered_ = false;
    bool saw_an_end_ = false;  // in this transaction
    std::uint64_t caught_up_to_ = 0;
    std::optional<auth::Rotation>* rotated_ = nullptr;
};

}  // namespace coatcheck::store
