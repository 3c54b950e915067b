// SPDX-License-Identifier: Apache-2.0
// Steps that only read, beside the store: with a connection and a thread of their own they wait neither for a commit to reach the disk
// nor for the sweeper. Each sees what was committed when it was posted, or later.
#pragma once

#include "store/group_thread.hpp"
#include "store/sqlite_store.hpp"

#include <span>

namespace coatcheck::store {

class SqliteReads {
public:
    // Opens it; who calls this has just seen that the file is still there (SqliteFile): another one in its place would be taken for ours.
    SqliteReads(const std::string& path, ReadGate& gate, std::function<base::Timestamp()> clock = base::read_clock);

    // Any thread. A step that writes fails.
    void post(auth::StoreQueue::Work work) { thread_.post(std::move(work)); }

private:
    class Store final : public SqliteTables {
    public:
        Store(const std::string& path, std::function<base::Timestamp()> clock);
        void begin();
        void end();

    private:
        std::function<base::Timestamp()> clock_;
    };
    void run(std::span<auth::StoreQueue::Work> group);

    ReadGate& gate_;
    Store store_;
    GroupThread thread_;
};

}  // namespace coatcheck::store
