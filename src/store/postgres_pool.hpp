// SPDX-License-Identifier: Apache-2.0
// Steps on PostgreSQL: a few threads, each with a connection, each step a transaction. Waiting has an end
// everywhere: a step that finds no connection, or too many before it, fails at once, and the next attempt to
// connect comes a little later.
#pragma once

#include "store/postgres_feed.hpp"
#include "store/postgres_store.hpp"

#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

namespace coatcheck::store {

struct PostgresSettings {
    PostgresAddress address;
    std::string listen_url;  // of the connection that is woken by others; empty: as the address
    std::size_t connections = 8;
};

class PostgresPool final : public auth::StoreQueue {
public:
    // Connects once, so that a mistake is told at the start; migrates. Where `clock` is empty, the process
    // follows the database's.
    PostgresPool(PostgresSettings settings, auth::StoreListener listener,
                 std::function<base::Timestamp()> clock = {});
    // Runs what waits, then ends its threads.
    ~PostgresPool() override;

    void post(Work work) override;
    void follow(std::uint64_t after) override;
    bool is_current() const override { return !feed_ || feed_->is_current(); }

private:
    struct Waiting {
        Work work;
        std::chrono::steady_clock::time_point since;
    };
    using Connection = std::unique_ptr<PostgresStore>;

    void loop();
    // A step, or rotations that wait; nothing at the end.
    std::vector<Waiting> take();
    PostgresStore::Together rotate(Connection& connection, const std::vector<Waiting>& group);
    std::exception_ptr serve(Connection& connection, const Waiting& waiting, base::Timestamp at = {},
                             std::optional<auth::Rotation>* rotated = nullptr);
    void connect(Connection& connection);
    void tell(Connection& connection);

    PostgresSettings settings_;
    auth::StoreListener listener_;
    std::function<base::Timestamp()> clock_;
    std::atomic<std::int64_t> latest_{0};  // that it said
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Waiting> waiting_, rotations_;
    std::size_t rotating_ = 0;  // connections
    bool stopping_ = false;
    // Of all connections together: how often in a row connecting failed, and when it is tried again.
    unsigned failures_ = 0;
    std::chrono::steady_clock::time_point next_try_{};
    PlaceTold told_{std::numeric_limits<std::int64_t>::max()};  // before follow() nobody wants to be told
    std::unique_ptr<PostgresFeed> feed_;
    std::vector<std::thread> threads_;
};

}  // namespace coatcheck::store
