// SPDX-License-Identifier: Apache-2.0
// Group commit for SQLite. The writer thread owns the store: it takes all steps that wait, runs each in a
// savepoint of one transaction, commits once, tells the verifiers what was revoked, and only then lets the
// requests go on. So all requests that wait share the cost of one durable write.
#pragma once

#include "store/sqlite/group_thread.hpp"
#include "store/sqlite/store.hpp"

namespace coatcheck::store {

class Queue final : public auth::StoreQueue {
public:
    Queue(SqliteStore& store, auth::StoreListener& listener);
    // Runs the steps that wait, then ends the thread.
    ~Queue() override = default;

    void post(Work work) override { thread_.post(std::move(work)); }

private:
    using Group = GroupThread::Group;
    using Failures = std::vector<std::exception_ptr>;  // one per work; null: it succeeded
    Failures run_group(Group& group);

    SqliteStore& store_;
    auth::StoreListener& listener_;
    bool keys_to_load_ = false;  // the listener has not seen the latest keys yet
    GroupThread thread_;
};

}  // namespace coatcheck::store
