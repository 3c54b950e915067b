// SPDX-License-Identifier: Apache-2.0
// A connection to PostgreSQL. What has to precede a statement (BEGIN, a savepoint, preparing it) is sent
// together with it, and so costs no round trip of its own. Every wait has an end: if an answer is late, the
// connection is given up.
#pragma once

#include "store/postgres/connection_settings.hpp"
#include "store/sql/database.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

struct pg_conn;
struct pg_result;

namespace coatcheck::store {

// There is no connection, or it was lost before the commit. Nothing is committed, except possibly the
// statement after first_alone().
struct Unavailable : StoreError {
    using StoreError::StoreError;
    // Every server that was asked for a connection answered and refused it: such as a wrong password, but
    // also a server that starts.
    bool is_refusal = false;
};
// The connection was lost during the commit: the transaction may be committed or not. Or it is committed, but
// perhaps not on the synchronous standby.
struct Unknown : StoreError {
    using StoreError::StoreError;
};
// Another transaction stood in the way: the same step will succeed when it is run again.
struct Conflict : StoreError {
    using StoreError::StoreError;
};

// A statement is prepared already, by a transaction that failed or by another program behind a pooler. The
// connection knows it now: the same step gets further when it is run again. This happens once a statement.
struct AlreadyPrepared : StoreError {
    using StoreError::StoreError;
};

struct PostgresAddress {
    std::string url;  // postgres://…; libpq's environment variables (PGPASSFILE …) count
    // Returns the password, and is called for each new connection, so that the password can change while the
    // server runs. Null: as the url or the variables say. May throw.
    std::function<std::string()> password = nullptr;
    // The host of the url that was connected to last. The next connection tries it first: a host that is gone
    // may take seconds to say so. Copies share it.
    std::shared_ptr<std::atomic<std::size_t>> last_host = std::make_shared<std::atomic<std::size_t>>(0);
};

class PostgresDatabase final : public Database {
public:
    // `kept`: statements stay prepared on the server. Behind a pooler that fails at first, with
    // AlreadyPrepared or Conflict: a caller that does not run the step again uses `never`.
    enum class Prepare { kept, never };
    explicit PostgresDatabase(const PostgresAddress& address,
                              Prepare prepare = Prepare::never);  // throws Unavailable
    ~PostgresDatabase() override;
    PostgresDatabase(const PostgresDatabase&) = delete;

    // True if a server of this address takes connections now.
    static bool is_up(const PostgresAddress& address);

    // BEGIN is sent with the first statement. A transaction without a statement sends nothing.
    void begin();
    void commit();  // throws Unknown
    // If no statement has been sent yet, the next one is a transaction of its own, which is committed with
    // its answer: one round trip for all. Later statements are in another transaction.
    void first_alone();
    void rollback();  // does not throw: if it fails, the connection is broken
    bool is_broken() const { return broken_; }
    // True if the connection is broken because no answer came in time, and none has come since: the server
    // still works for it, such as on a commit that waits for a standby. Waits for at most so long.
    bool is_owed_an_answer(std::chrono::milliseconds at_most);

    // Runs several statements without parameters, such as a migration's.
    void execute(const std::string& script, std::chrono::seconds within);
    // From now on an exchange may take this long, and the server's own time limits are off.
    void be_patient(std::chrono::seconds patience);
    // How to wait for NOTIFY: poll the socket for reading, then ask take_notifications() whether any came.
    int socket() const;
    bool take_notifications();

    void expect_duplicate() override;
    void undo_duplicate() override;
    void no_duplicate() override;

protected:
    Statement& prepare(const char* sql) override;

private:
    friend class PostgresStatement;
    // Connects to one host. Throws StoreError, also if it accepts no writes.
    void connect(const PostgresAddress& address, const std::vector<ConnectionSetting>& host);
    struct Free {
        void operator()(pg_result* result) const;
    };
    using Result = std::unique_ptr<pg_result, Free>;

    // Sends the statements that were put off. Then calls `send`, which sends its own and returns the number
    // of their results; returns the last of these.
    template <class Send>
    Result exchange(Send send);
    Result receive(std::size_t results);
    Result next_result();
    void flush();
    void wait(bool for_writing);
    void refuse_warning();
    [[noreturn]] void fail(pg_result* result);
    [[noreturn]] void lose(const std::string& why);

    pg_conn* connection_ = nullptr;
    std::string warning_;  // the last one that the server sent
    std::vector<const char*> put_off_;
    bool open_ = false;  // the server has received BEGIN
    bool committing_ = false;
    bool alone_ = false;
    bool broken_ = false;
    bool owed_ = false;  // broken_, because no answer came in time
    // False if a pooler gives each transaction another server connection, which does not have our prepared
    // statements.
    bool prepares_ = false;
    std::chrono::seconds patience_{5};
    std::chrono::steady_clock::time_point deadline_;
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace coatcheck::store
