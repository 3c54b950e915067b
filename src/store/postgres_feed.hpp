// SPDX-License-Identifier: Apache-2.0
// What other nodes do, on a thread and a connection of its own.
//
// Transactions do not commit in the order in which they took a number, so whoever followed a sequence could
// pass over one that commits late. Revocations are therefore committed without a place in the feed, and given
// one afterwards, by whichever node comes first, under a lock: places are then seen in their order, without
// gaps, by everybody. Nodes are woken by NOTIFY, and look every half second in case it was lost, or the
// connection goes through a pooler that passes none on.
#pragma once

#include "auth/store.hpp"
#include "store/postgres_store.hpp"

#include <atomic>
#include <thread>

namespace coatcheck::store {

// Up to which place of the feed this process's verifiers were told, by the feed or before it. Any thread.
class PlaceTold : public std::atomic<std::uint64_t> {
public:
    using atomic::atomic;
    using atomic::operator=;
    void raise(std::uint64_t place) {
        for (auto known = load(); known < place && !compare_exchange_weak(known, place);) {}
    }
};

class PostgresFeed {
public:
    // `told` is raised as the listener is told more.
    PostgresFeed(PostgresAddress address, const auth::StoreListener& listener, std::uint64_t after,
                 PlaceTold& told);
    ~PostgresFeed();
    PostgresFeed(const PostgresFeed&) = delete;

    // Something was committed here. Any thread.
    void wake();
    // It has looked within the last few seconds. Any thread.
    bool is_current() const;

private:
    void loop();
    void connect();
    void look();
    // Until it is worth looking again.
    void wait();

    PostgresAddress address_;
    const auth::StoreListener& listener_;
    std::uint64_t seen_;
    PlaceTold& told_;
    std::int64_t keys_version_ = 0;
    std::unique_ptr<PostgresStore> store_;
    int wake_;  // an eventfd
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> looked_{0};  // when, by the steady clock
    std::thread thread_;
};

}  // namespace coatcheck::store
