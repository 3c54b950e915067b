// SPDX-License-Identifier: Apache-2.0
// Follows what other nodes commit, on a thread and a connection of its own.
//
// Transactions do not commit in the order in which they took a number from a sequence, so a node that
// follows these numbers could pass over a transaction that commits late. A revocation is therefore committed
// without a position in the feed (a "place" in this code). Whichever node comes first gives it one
// afterwards, under a lock. All nodes then see the positions in order and without gaps. NOTIFY wakes the
// nodes. They also look every half second, in case a NOTIFY was lost or the connection goes through a pooler
// that passes none on.
#pragma once

#include "auth/store.hpp"
#include "store/postgres/store.hpp"

#include <atomic>
#include <thread>

namespace coatcheck::store {

// The position in the feed up to which this process's verifiers have been told, by the feed or before it. Any
// thread.
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
    // Tells the listener what follows `after`, and raises `told` as it does so.
    PostgresFeed(PostgresAddress address, auth::StoreListener& listener, std::uint64_t after,
                 PlaceTold& told);
    ~PostgresFeed();
    PostgresFeed(const PostgresFeed&) = delete;

    // Call it after a commit on this node. Any thread.
    void wake();
    // True if it has looked successfully within the last 3 seconds. Any thread.
    bool is_current() const;
    // Any thread.
    bool is_connected() const { return connected_; }

private:
    void loop();
    void connect();
    void look();
    // Waits until it is worth looking again, at most half a second.
    void wait();

    PostgresAddress address_;
    auth::StoreListener& listener_;
    std::uint64_t seen_;
    PlaceTold& told_;
    std::int64_t keys_version_ = 0;
    std::string epoch_;
    std::unique_ptr<PostgresStore> store_;
    int wake_;  // an eventfd
    std::atomic<bool> stopping_{false}, connected_{false};
    std::atomic<std::int64_t> looked_{0};  // the time of the last look, by the steady clock
    std::thread thread_;
};

}  // namespace coatcheck::store
