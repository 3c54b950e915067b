// SPDX-License-Identifier: Apache-2.0
// The port auth::Store on SQLite. One thread at a time uses it, inside transactions that
// store/sqlite/queue.cpp opens.
#pragma once

#include "base/clock.hpp"
#include "store/sql/epoch.hpp"
#include "store/sql/store.hpp"
#include "store/sqlite/checkpoints.hpp"
#include "store/sqlite/database.hpp"

#include <array>
#include <cstdint>
#include <functional>

namespace coatcheck::store {

// The contents of this database were copied to another one, which is served instead.
struct Moved : StoreError {
    Moved(const std::string& what, std::string url) : StoreError(what), to(std::move(url)) {}
    std::string to;
};

// Notices when a file of the database has been taken away, replaced or truncated since it was opened: the
// database itself, its write-ahead log, or the index of that log.
class SqliteFile {
public:
    explicit SqliteFile(std::string path);
    // Throws StoreError if a path names another file than before, or if the file is smaller. (None of them
    // shrinks by itself while a connection of ours is open.)
    void check();
    const std::string& path() const { return path_; }

private:
    struct Known {
        std::string path;
        std::uint64_t inode;  // 0: the file was not there yet
        std::int64_t bytes;   // the smallest allowed size
    };
    std::string path_;
    std::array<Known, 3> known_;
};

// What SQLite does in its own way, and a connection for it.
class SqliteTables : public SqlStore {
protected:
    SqliteTables(const std::string& path, SqliteDatabase::Open open)
        : SqlStore(sqlite_), sqlite_(path, open), file_(path) {}
    void skip_statuses(std::int64_t count) override;
    SessionSweep sweep_of_sessions() const override;
    const char* delete_revocations() const override;

    SqliteDatabase sqlite_;
    SqliteFile file_;
};

class SqliteStore final : public SqliteTables {
public:
    // Opens and migrates the file. Throws StoreError for a newer schema, and Moved. If the file is a restored
    // copy, ends every session in it. If `clock` is empty, the store starts the process's clock and uses it.
    explicit SqliteStore(const std::string& path, std::function<base::Timestamp()> clock = {});
    ~SqliteStore() override;

    // From now on, opening this file throws Moved with the url `to`.
    void hand_over(const std::string& to);

    void set_clock(base::Timestamp now) override;

    // For the reader (store/sqlite/reads.hpp).
    ReadGate& read_gate() { return checkpoints_.gate(); }
    const SqliteFile& file() const { return file_; }

    // For the queue: a transaction of many steps, each in a savepoint.
    void begin();
    void commit();
    // Work to do after a commit that need not delay telling verifiers: deleting old epoch files, and the
    // checkpoint.
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
    bool written_ = false;  // a commit has written since the store was opened
    bool untidy_ = false;   // a commit has written since the last tidy()
    std::int64_t changes_at_begin_ = 0;
    base::Timestamp high_water_{};
    std::chrono::steady_clock::time_point high_water_at_{};
    std::size_t published_at_savepoint_ = 0;
    bool keys_changed_at_savepoint_ = false;
};

}  // namespace coatcheck::store
