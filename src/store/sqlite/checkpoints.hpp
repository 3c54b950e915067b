// SPDX-License-Identifier: Apache-2.0
// Copies what commits have put into SQLite's write-ahead log into the database file (a checkpoint). SQLite
// would do that within a commit, and all requests that wait for that commit would wait until a thousand
// pages, spread over a large database, reach the disk. Here the checkpointer does it, on a connection of its
// own, and leaves to the writer thread only what was committed in the meantime.
//
// Only one of the two has the turn, and the log does not begin anew while the other one copies it: before
// 3.51.3 SQLite loses commits if a checkpoint begins at the moment at which another connection begins the log
// anew (sqlite.org/wal.html#walresetbug).
#pragma once

#include "store/sqlite/database.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace coatcheck::store {

// The log can begin anew only when nobody still reads what lies before its end. If there were always somebody
// who reads, the log would grow for ever. So the reader reads through this gate, and the writer thread closes
// it for a moment.
class ReadGate {
public:
    // While one of these lives, the gate stays open. The constructor waits until the gate is open.
    class Reading {
    public:
        explicit Reading(ReadGate& gate);
        ~Reading();
        Reading(const Reading&) = delete;

    private:
        ReadGate& gate_;
    };
    // While this lives, nobody reads. The constructor waits until nobody reads any more. Only one at a time.
    class Closed {
    public:
        explicit Closed(ReadGate& gate);
        ~Closed();
        Closed(const Closed&) = delete;

    private:
        ReadGate& gate_;
    };

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int reading_ = 0;
    bool closed_ = false;
};

class SqliteCheckpoints {
public:
    explicit SqliteCheckpoints(std::string path);
    ~SqliteCheckpoints();

    // Call it on the writer thread after each commit. It wakes the checkpointer when the log is long enough.
    // Once the checkpointer has copied nearly all, it copies the rest, and then the log begins anew. A
    // failure is logged: what was committed is in the log and stays there.
    void after_commit(SqliteDatabase& database) noexcept;
    ReadGate& gate() { return gate_; }
    // True while the checkpointer copies. Any thread.
    bool is_copying() const { return turn_ == Turn::thread; }

private:
    enum class Turn { nobody, thread, committer };
    void loop();
    void bring_over();

    const std::string path_;
    ReadGate gate_;
    int begin_at_;  // the length of the log, in pages, at which the checkpointer starts
    std::atomic<int> pages_{0};
    std::atomic<Turn> turn_{Turn::nobody};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;  // started at its first work
};

}  // namespace coatcheck::store
