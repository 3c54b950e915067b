// SPDX-License-Identifier: Apache-2.0
// A connection to PostgreSQL. What is sent before a statement (BEGIN, a savepoint, preparing it) goes out
// together with it, so that it costs no round trip of its own. Every wait has an end: a connection whose
// answer is late is given up.
#pragma once

#include "store/database.hpp"

#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

struct pg_conn;
struct pg_result;

namespace coatcheck::store {

// There is no connection, or it was lost, and nothing of the transaction is kept.
struct Unavailable : StoreError {
    using StoreError::StoreError;
};
// The connection was lost while the transaction was being committed: it may be kept, or may not.
struct Unknown : StoreError {
    using StoreError::StoreError;
};
// Another transaction stood in the way: the same again will succeed.
struct Conflict : StoreError {
    using StoreError::StoreError;
};

struct PostgresAddress {
    std::string url;       // postgres://…; libpq's variables (PGPASSFILE …) count
    std::string password;  // empty: as the url or the variables say
};

class PostgresDatabase final : public Database {
public:
    // Keeping statements prepared fails once behind a pooler, with a Conflict: whoever does not try again
    // asks for `never`.
    enum class Prepare { kept, never };
    explicit PostgresDatabase(const PostgresAddress& address,
                              Prepare prepare = Prepare::never);  // throws Unavailable
    ~PostgresDatabase() override;
    PostgresDatabase(const PostgresDatabase&) = delete;

    // Told to the server with the first statement, if there is any.
    void begin();
    void commit();  // throws Unknown
    // The next statement, if it is the first, is a transaction of its own, which is over with its answer: one
    // round trip for all.
    void first_alone();
    void rollback();  // throws nothing: a connection that fails here is broken
    bool is_broken() const { return broken_; }

    // Several statements without parameters, such as a migration's.
    void execute(const std::string& script, std::chrono::seconds within);
    // From now on an exchange may take so long.
    void be_patient(std::chrono::seconds patience);
    // To be woken by NOTIFY: poll for reading, then ask whether any came.
    int socket() const;
    bool take_notifications();

    void expect_duplicate() override;
    void undo_duplicate() override;
    void no_duplicate() override;

protected:
    Statement& prepare(const char* sql) override;

private:
    friend class PostgresStatement;
    struct Free {
        void operator()(pg_result* result) const;
    };
    using Result = std::unique_ptr<pg_result, Free>;

    // Sends what was put off, then `send`, and gives the result of that.
    template <class Send>
    Result exchange(Send send);
    Result receive(std::size_t results);
    Result next_result();
    void flush();
    void wait(bool for_writing);
    [[noreturn]] void fail(pg_result* result);
    [[noreturn]] void lose(const std::string& why);

    pg_conn* connection_ = nullptr;
    std::vector<const char*> put_off_;
    bool open_ = false;  // the server has seen BEGIN
    bool committing_ = false;
    bool alone_ = false;
    bool broken_ = false;
    // False where a pooler gives each transaction another connection, which knows nothing of our statements.
    bool prepares_;
    std::chrono::seconds patience_{5};
    std::chrono::steady_clock::time_point deadline_;
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace coatcheck::store
