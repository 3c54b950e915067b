// SPDX-License-Identifier: Apache-2.0
// A connection to SQLite: RAII over its C API. Used by one thread at a time.
#pragma once

#include "store/sql/database.hpp"

#include <atomic>
#include <memory>
#include <unordered_map>

struct sqlite3;

namespace coatcheck::store {

class SqliteDatabase final : public Database {
public:
    enum class Open { existing, to_read, or_make };
    // Opens the file, and with `or_make` creates it if it is missing (mode 0600): WAL, synchronous=FULL,
    // foreign keys. With `to_read`, every statement that writes fails. Throws StoreError.
    explicit SqliteDatabase(const std::string& path, Open open = Open::or_make);
    ~SqliteDatabase() override;
    SqliteDatabase(const SqliteDatabase&) = delete;

    void execute(const std::string& sql);
    // The number of rows changed since the database was opened.
    std::int64_t total_changes() const;
    // From now on, commits on this connection make no checkpoint: they copy nothing from the write-ahead log
    // into the database file. log_pages() is the log's length in pages after the last commit.
    void leave_checkpoints();
    int log_pages() const { return log_pages_; }
    // Copies the log's pages into the database file, as far as no connection still reads the older ones,
    // and waits for nobody. Returns how many of the log's pages have been copied since the log began anew.
    // With `sync_after` > 0 it syncs the file after so many pages each, until `*hurry` is true. 0: it syncs
    // only at the end, and a commit in the meantime waits for all those pages.
    int checkpoint(int sync_after = 0, const std::atomic<bool>* hurry = nullptr);

protected:
    Statement& prepare(const char* sql) override;

private:
    sqlite3* handle_ = nullptr;
    int log_pages_ = 0;
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace coatcheck::store
