// SPDX-License-Identifier: Apache-2.0
// Group commit. One thread owns the store: it takes every step that waits, runs each in a savepoint of one
// transaction, commits once, tells the verifiers what was revoked, and only then lets the requests go on.
// So the cost of a durable write is shared by all who wait for it.
#pragma once

#include "auth/store.hpp"
#include "store/sqlite_store.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace coatcheck::store {

class Queue final : public auth::StoreQueue {
public:
    Queue(SqliteStore& store, auth::StoreListener listener);
    // Runs what waits, then ends the thread.
    ~Queue() override;

    void post(Work work) override;

private:
    struct Waiting {
        Work work;
        std::exception_ptr failed;
    };
    void loop();
    void run_group(std::vector<Waiting>& group);

    SqliteStore& store_;
    auth::StoreListener listener_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Waiting> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace coatcheck::store
