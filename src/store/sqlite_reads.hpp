// SPDX-License-Identifier: Apache-2.0
// Steps that only read, beside the store: with a connection and a thread of their own they wait neither for a
// commit to reach the disk nor for the sweeper. Each sees what was committed when it was posted, or later.
#pragma once

#include "store/group_thread.hpp"
#include "store/sqlite_store.hpp"

#include <span>

namespace coatcheck::store {

class SqliteReads {
public:
    // Opens the store's file once more, within a step of the store's: it has just seen that the file is still
    // there, and another one in its place would get our log. Throws StoreError where that happened meanwhile.
    explicit SqliteReads(SqliteStore& store, std::function<base::Timestamp()> clock = base::read_clock);

    // Any thread. A step that writes fails.
    void post(auth::StoreQueue::Work work) { thread_.post(std::move(work)); }

private:
    class Store final : public SqliteTables {
    public:
        Store(const SqliteFile& file, std::function<base::Timestamp()> clock);
        void begin();
        void end();

    private:
        std::function<base::Timestamp()> clock_;
    };
    // As many of them as one transaction takes; how many they were.
    std::size_t run_some(std::span<auth::StoreQueue::Work> waiting);

    ReadGate& gate_;
    Store store_;
    GroupThread thread_;
};

}  // namespace coatcheck::store
