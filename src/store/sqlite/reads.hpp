// SPDX-License-Identifier: Apache-2.0
// Runs steps that only read on the reader, which has its own thread and connection. They wait neither for a
// commit to reach the disk nor for the sweeper. Each sees what was committed when it was posted, or later.
#pragma once

#include "base/clock.hpp"
#include "store/sqlite/group_thread.hpp"
#include "store/sqlite/store.hpp"

#include <span>

namespace coatcheck::store {

class SqliteReads {
public:
    // Opens the store's file once more. Call it inside a step of the store, which has just checked that the
    // file is still in place: otherwise SQLite could copy our write-ahead log into another file. Throws
    // StoreError if the file was replaced meanwhile.
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
    // Runs as many steps as one transaction may take, and returns their number.
    std::size_t run_some(std::span<auth::StoreQueue::Work> waiting);

    ReadGate& gate_;
    Store store_;
    GroupThread thread_;
};

}  // namespace coatcheck::store
