// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/database.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <algorithm>
#include <mutex>

namespace coatcheck::store {
namespace {

class SqliteStatement final : public Statement {
public:
    SqliteStatement(sqlite3* database, sqlite3_stmt* statement)
        : database_(database), statement_(statement) {}
    ~SqliteStatement() override { sqlite3_finalize(statement_); }

    void bind(std::int64_t value) override { check(sqlite3_bind_int64(statement_, ++bound_, value)); }
    void bind(std::string_view text) override {
        check(sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    void bind_null() override { check(sqlite3_bind_null(statement_, ++bound_)); }
    void bind_blob(std::string_view bytes) override {
        check(sqlite3_bind_blob64(statement_, ++bound_, bytes.data() ? bytes.data() : "", bytes.size(),
                                  SQLITE_TRANSIENT));
    }
    bool step() override {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) fail();
        return false;
    }
    int changed() const override { return sqlite3_changes(database_); }
    std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        return std::string(bytes ? bytes : "",
                           static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
    }
    bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    void reset() override {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
        bound_ = 0;
    }

private:
    void check(int code) const {
        if (code != SQLITE_OK) fail();
    }
    [[noreturn]] void fail() const {
        const std::string what = std::string("SQLite: ") + sqlite3_errmsg(database_);
        const int code = sqlite3_extended_errcode(database_);
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) throw Duplicate(what);
        throw StoreError(what);
    }

    sqlite3* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

// Translates a statement from PostgreSQL's syntax to SQLite's (store/sql/database.hpp).
std::string translated(std::string sql) {
    const auto replace_all = [&sql](std::string_view from, std::string_view to) {
        for (auto at = sql.find(from); at != std::string::npos; at = sql.find(from, at + to.size()))
            sql.replace(at, from.size(), to);
    };
    replace_all("$", "?");
    replace_all("LEAST(", "MIN(");
    replace_all("GREATEST(", "MAX(");
    for (const std::string_view lock :
         {" FOR UPDATE SKIP LOCKED", " FOR UPDATE OF s", " FOR UPDATE", " FOR SHARE"})
        replace_all(lock, "");
    return sql;
}

// SQLite's own file methods, and a copy of them that syncs between writes.
sqlite3_io_methods plain_files, careful_files;

// Settings of the checkpoint that this thread makes.
struct Care {
    int sync_after = 0;  // 0: only SQLite's own syncs
    const std::atomic<bool>* hurry = nullptr;
    int unsynced = 0;
};
thread_local Care care;

int write_carefully(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    const int code = plain_files.xWrite(file, bytes, size, offset);
    if (code != SQLITE_OK || care.sync_after == 0 || ++care.unsynced < care.sync_after ||
        (care.hurry != nullptr && *care.hurry))
        return code;
    care.unsynced = 0;
    return plain_files.xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

void take_care(sqlite3* database) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods == nullptr)
        return;
    static std::once_flag once;  // SQLite uses the same methods for all files here
    std::call_once(once, [file] {
        plain_files = careful_files = *file->pMethods;
        careful_files.xWrite = write_carefully;
    });
    file->pMethods = &careful_files;
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& path, Open open) {
    const int make = open == Open::or_make ? SQLITE_OPEN_CREATE : 0;
    const mode_t before = make ? umask(0077) : 0;
    const int code = sqlite3_open_v2(path.c_str(), &handle_,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | make, nullptr);
    if (make) umask(before);
    if (code != SQLITE_OK) {
        const std::string reason = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
        sqlite3_close(handle_);
        throw StoreError("cannot open " + path + ": " + reason);
    }
    sqlite3_busy_timeout(handle_, 5000);
    try {
        for (const char* pragma : {"journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                                   "secure_delete=ON", "cache_size=-32768"})
            execute(std::string("PRAGMA ") + pragma);
        if (open == Open::to_read) execute("PRAGMA query_only=ON");
    } catch (const StoreError& error) {
        sqlite3_close(handle_);
        throw StoreError("cannot open " + path + ": " + error.what());
    }
}

SqliteDatabase::~SqliteDatabase() {
    statements_.clear();
    sqlite3_close(handle_);
}

Statement& SqliteDatabase::prepare(const char* sql) {
    auto& known = statements_[sql];
    if (known == nullptr) {
        sqlite3_stmt* statement = nullptr;
        const std::string text = translated(sql);
        if (sqlite3_prepare_v3(handle_, text.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
            SQLITE_OK)
            throw StoreError(std::string("SQLite: ") + sqlite3_errmsg(handle_));
        known = std::make_unique<SqliteStatement>(handle_, statement);
    }
    return *known;
}

std::int64_t SqliteDatabase::total_changes() const { return sqlite3_total_changes64(handle_); }

void SqliteDatabase::leave_checkpoints() {
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<SqliteDatabase*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
}

int SqliteDatabase::checkpoint(int sync_after, const std::atomic<bool>* hurry) {
    if (sync_after > 0) take_care(handle_);
    care = {sync_after, hurry};
    int pages = 0, done = 0;
    const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    care = {};
    if (code != SQLITE_OK && code != SQLITE_BUSY)
        throw StoreError(std::string("SQLite: ") + sqlite3_errmsg(handle_));
    return std::max(done, 0);
}

void SqliteDatabase::execute(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw StoreError(std::string("SQLite: ") + sqlite3_errmsg(handle_));
}

}  // namespace coatcheck::store
