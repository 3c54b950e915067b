// SPDX-License-Identifier: Apache-2.0
// RAII over the SQLite C API: a database and its prepared statements. Errors throw StoreError.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace coatcheck::store {

struct StoreError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// A UNIQUE constraint said no.
struct Duplicate : StoreError {
    using StoreError::StoreError;
};

// A prepared statement in use: bind in order, step, read columns. Reset when it goes out of scope.
class Query {
public:
    explicit Query(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    Query(const Query&) = delete;
    ~Query();

    Query& bind(std::int64_t value);
    Query& bind(std::string_view text);
    Query& bind_or_null(const std::optional<std::string>& text);
    Query& bind_blob(std::string_view bytes);
    // True while there is a row.
    bool step();
    // For statements without rows: steps once, gives the number of rows changed.
    int run();

    std::int64_t integer(int column) const;
    std::string text(int column) const;  // blobs too
    bool is_null(int column) const;

private:
    [[noreturn]] void fail() const;
    sqlite3* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

class Database {
public:
    // Opens or makes the file (mode 0600): WAL, synchronous=FULL, foreign keys.
    explicit Database(const std::string& path);
    ~Database();
    Database(const Database&) = delete;

    Query query(const char* sql);  // prepared once, kept
    void execute(const std::string& sql);
    // Rows changed since the database was opened.
    std::int64_t total_changes() const;
    // Of the latest INSERT.
    std::int64_t last_insert_id() const;

private:
    sqlite3* handle_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace coatcheck::store
