// SPDX-License-Identifier: Apache-2.0
// Brings what commits have put into SQLite's write-ahead log into the database. SQLite would do that within a
// commit, and all who wait for that one would wait for a thousand pages all over a large database to reach
// the disk. Here a thread of its own does, with a connection of its own, and leaves to the committing one
// only what came in the meantime.
//
// One of the two has the turn, and nobody begins a log anew while the other brings it over: before 3.51.3
// SQLite loses commits where a checkpoint begins in the moment in which another connection does so
// (sqlite.org/wal.html#walresetbug).
#pragma once

#include "store/sqlite_database.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace coatcheck::store {

// The log begins anew only where nobody still reads what lies before its end: with one who reads all the
// time, it would grow for ever. So those who read a lot do it through this gate, and who commits closes it
// for a moment.
class ReadGate {
public:
    // While one of these lives, the gate is not closed; waits until it is open.
    class Reading {
    public:
        explicit Reading(ReadGate& gate);
        ~Reading();
        Reading(const Reading&) = delete;

    private:
        ReadGate& gate_;
    };
    // While this lives nobody reads; waits until those are done who do. One at a time.
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

    // On the thread that commits, after each commit. Where the other one has brought over nearly all, this
    // brings the rest, with which the log begins anew. A failure is logged: what was committed is in the log,
    // and stays there.
    void after_commit(SqliteDatabase& database) noexcept;
    ReadGate& gate() { return gate_; }

private:
    enum class Turn { nobody, thread, committer };
    void loop();
    void bring_over();

    const std::string path_;
    ReadGate gate_;
    int begin_at_;  // pages
    std::atomic<int> pages_{0};
    std::atomic<Turn> turn_{Turn::nobody};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;  // once there is something to do
};

}  // namespace coatcheck::store
