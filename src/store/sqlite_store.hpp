// SPDX-License-Identifier: Apache-2.0
// The port on SQLite. Used by one thread at a time, inside transactions that store/queue.cpp opens.
#pragma once

#include "store/epoch.hpp"
#include "store/sql_store.hpp"
#include "store/sqlite_checkpoints.hpp"
#include "store/sqlite_database.hpp"

#include <functional>

namespace coatcheck::store {

// Its contents were taken to another database, which is served instead.
struct Moved : StoreError {
    Moved(const std::string& what, std::string url) : StoreError(what), to(std::move(url)) {}
    std::string to;
};

// The file as it was opened.
class SqliteFile {
public:
    explicit SqliteFile(std::string path);
    // Throws StoreError where another is in its place, or it was cut off. (It never shrinks by itself.)
    void check();
    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::pair<std::uint64_t, std::int64_t> known_;  // inode, and size at least
};

// What SQLite does in its own way, with a connection of its own.
class SqliteTables : public SqlStore {
protected:
    SqliteTables(const std::string& path, SqliteDatabase::Open open)
        : SqlStore(sqlite_), sqlite_(path, open), file_(path) {}
    bool rotate_current(const auth::RotateRequest& request, auth::Rotation& result) override;
    void skip_statuses(std::int64_t count) override;
    SessionSweep sweep_of_sessions() const override;
    const char* delete_revocations() const override;

    SqliteDatabase sqlite_;
    SqliteFile file_;
};

class SqliteStore final : public SqliteTables {
public:
    // Opens, migrates (a newer schema is refused) and, where this file is a restored copy, ends every session
    // in it.
    explicit SqliteStore(const std::string& path, std::function<base::Timestamp()> clock = base::read_clock);
    ~SqliteStore() override;

    // From now on, opening this file throws Moved.
    void hand_over(const std::string& to);

    // For who reads beside it (store/sqlite_reads.hpp).
    ReadGate& read_gate() { return checkpoints_.gate(); }
    const SqliteFile& file() const { return file_; }

    // For the queue: a transaction of many steps, each in a savepoint.
    void begin();
    void commit();
    // After each commit: what nobody needs to wait for who hears of it.
    void tidy();
    void rollback();
    void savepoint();
    void release();
    void undo();

private:
    void refuse_moved() const;
    void end_what_a_copy_would_revive();
    void begin_epoch();
    base::Timestamp read_store_clock();

    std::function<base::Timestamp()> clock_;
    SqliteCheckpoints checkpoints_;
    Epoch epoch_;
    std::string noted_epoch_;
    base::Timestamp epoch_end_{};
    bool epoch_is_new_ = false;
    bool written_ = false;  // since it was opened
    bool untidy_ = false;   // since the last commit that wrote
    std::int64_t changes_at_begin_ = 0;
    base::Timestamp high_water_{};
    std::chrono::steady_clock::time_point high_water_at_{};
    std::size_t published_at_savepoint_ = 0;
};

// Beside the store, with a connection of its own: reads what sweep() looks at next, which then lies in the
// kernel's memory. It stays open: a file that was put in the place of the one that was opened is not touched.
class SweepReader {
public:
    explicit SweepReader(const std::string& path);
    // The first `rows` sessions that are due, and their places in all indexes. How many they were.
    std::size_t read_ahead(std::size_t rows);

private:
    SqliteDatabase database_;
};

}  // namespace coatcheck::store
