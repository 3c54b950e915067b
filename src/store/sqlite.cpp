// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

namespace coatcheck::store {

Query::~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Query::fail() const {
    const std::string what = std::string("SQLite: ") + sqlite3_errmsg(database_);
    const int code = sqlite3_extended_errcode(database_);
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) throw Duplicate(what);
    throw StoreError(what);
}

Query& Query::bind(std::int64_t value) {
    if (sqlite3_bind_int64(statement_, ++bound_, value) != SQLITE_OK) fail();
    return *this;
}

Query& Query::bind(std::string_view text) {
    if (sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK)
        fail();
    return *this;
}

Query& Query::bind_or_null(const std::optional<std::string>& text) {
    if (text) return bind(std::string_view(*text));
    if (sqlite3_bind_null(statement_, ++bound_) != SQLITE_OK) fail();
    return *this;
}

Query& Query::bind_blob(std::string_view bytes) {
    if (sqlite3_bind_blob64(statement_, ++bound_, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT) !=
        SQLITE_OK)
        fail();
    return *this;
}

bool Query::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail();
    return false;
}

int Query::run() {
    while (step()) {
    }
    return sqlite3_changes(database_);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return std::string(bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Database::Database(const std::string& path) {
    const mode_t before = umask(0077);
    const int code = sqlite3_open_v2(path.c_str(), &handle_,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    umask(before);
    if (code != SQLITE_OK) {
        const std::string reason = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
        sqlite3_close(handle_);
        throw StoreError("cannot open " + path + ": " + reason);
    }
    sqlite3_busy_timeout(handle_, 5000);
    try {
        for (const char* pragma : {"journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-2048"})
            execute(std::string("PRAGMA ") + pragma);
    } catch (const StoreError& error) {
        sqlite3_close(handle_);
        throw StoreError("cannot open " + path + ": " + error.what());
    }
}

Database::~Database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Query Database::query(const char* sql) {
    auto& statement = statements_[sql];
    if (statement == nullptr &&
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
        throw StoreError(std::string("SQLite: ") + sqlite3_errmsg(handle_));
    return Query(handle_, statement);
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

std::int64_t Database::total_changes() const { return sqlite3_total_changes64(handle_); }

void Database::execute(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw StoreError(std::string("SQLite: ") + sqlite3_errmsg(handle_));
}

}  // namespace coatcheck::store
