// SPDX-License-Identifier: Apache-2.0
// The interface that SQLite and PostgreSQL share: a connection and its prepared statements. Errors throw
// StoreError.
//
// Each statement is written once, in PostgreSQL's syntax: $1, LEAST, FOR UPDATE. SQLite's connection
// translates the first two and leaves row locks out, because SQLite has one writer at a time anyway.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coatcheck::store {

struct StoreError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// A UNIQUE constraint refused the statement; what() names the constraint.
struct Duplicate : StoreError {
    using StoreError::StoreError;
};

// A prepared statement. Parameters are bound in order; columns count from 0. NULL reads as 0 or as empty
// text.
class Statement {
public:
    virtual ~Statement() = default;
    virtual void bind(std::int64_t value) = 0;
    virtual void bind(std::string_view text) = 0;
    virtual void bind_null() = 0;  // binds NULL as a text
    virtual void bind_blob(std::string_view bytes) = 0;
    virtual bool step() = 0;
    virtual int changed() const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string text(int column) const = 0;
    virtual bool is_null(int column) const = 0;
    virtual void reset() = 0;
};

// A statement in use: bind, step, read. It is reset when it goes out of scope.
class Query {
public:
    explicit Query(Statement& statement) : statement_(statement) {}
    Query(const Query&) = delete;
    ~Query() { statement_.reset(); }

    Query& bind(std::int64_t value) { return statement_.bind(value), *this; }
    Query& bind(std::string_view text) { return statement_.bind(text), *this; }
    Query& bind_blob(std::string_view bytes) { return statement_.bind_blob(bytes), *this; }
    Query& bind_or_null(const std::optional<std::string>& text) {
        if (text) statement_.bind(*text);
        else statement_.bind_null();
        return *this;
    }
    // Moves to the next row; false if there is none. Throws Duplicate or StoreError.
    bool step() { return statement_.step(); }
    // Runs to the end and returns the number of rows changed.
    int run() {
        while (step()) {}
        return statement_.changed();
    }

    std::int64_t integer(int column) const { return statement_.integer(column); }
    std::string text(int column) const { return statement_.text(column); }  // also for blobs
    bool is_null(int column) const { return statement_.is_null(column); }

private:
    Statement& statement_;
};

class Database {
public:
    virtual ~Database() = default;
    // `sql` must outlive this Database, as a literal does: it is prepared once, and found again by its
    // address.
    Query query(const char* sql) { return Query(prepare(sql)); }

    // For a statement that may throw Duplicate while the transaction goes on afterwards: call
    // expect_duplicate() before it, then undo_duplicate() after a Duplicate, or no_duplicate() if there was
    // none. PostgreSQL uses a savepoint for this; SQLite undoes the failed statement alone.
    virtual void expect_duplicate() {}
    virtual void undo_duplicate() {}
    virtual void no_duplicate() {}

protected:
    virtual Statement& prepare(const char* sql) = 0;
};

// The one number that a statement returns; 0 if it returns no row.
inline std::int64_t number_of(Database& database, const char* sql) {
    auto query = database.query(sql);
    return query.step() ? query.integer(0) : 0;
}

}  // namespace coatcheck::store
