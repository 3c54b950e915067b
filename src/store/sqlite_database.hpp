// SPDX-License-Identifier: Apache-2.0
// RAII over the SQLite C API.
#pragma once

#include "store/database.hpp"

#include <atomic>
#include <memory>
#include <unordered_map>

struct sqlite3;

namespace coatcheck::store {

class SqliteDatabase final : public Database {
public:
    enum class Open { existing, to_read, or_make };
    // Opens or makes the file (mode 0600): WAL, synchronous=FULL, foreign keys. `to_read`: whatever writes is
    // refused.
    explicit SqliteDatabase(const std::string& path, Open open = Open::or_make);
    ~SqliteDatabase() override;
    SqliteDatabase(const SqliteDatabase&) = delete;

    void execute(const std::string& sql);
    // Rows changed since the database was opened.
    std::int64_t total_changes() const;
    // From now on no commit here brings the write-ahead log into the database; log_pages() says how much has
    // gathered there.
    void leave_checkpoints();
    int log_pages() const { return log_pages_; }
    // Brings as much of it there as nobody still reads, waiting for nobody; how many pages are there since
    // the log began. `sync_after` so many pages they are brought to disk, until there is `hurry`. (0: all at
    // once, which who commits meanwhile has to wait for.)
    int checkpoint(int sync_after = 0, const std::atomic<bool>* hurry = nullptr);

protected:
    Statement& prepare(const char* sql) override;

private:
    sqlite3* handle_ = nullptr;
    int log_pages_ = 0;
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace coatcheck::store
