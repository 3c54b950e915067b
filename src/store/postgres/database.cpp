// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/database.hpp"

#include "store/postgres/connection_settings.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "store/postgres/libpq.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cassert>
#include <utility>

namespace coatcheck::store {
namespace {

constexpr Oid bytea = 17, int8 = 20, text_type = 25;

std::string eight_bytes(std::int64_t value) {
    std::string bytes(8, '\0');
    for (int i = 7; i >= 0; --i, value >>= 8)
        bytes[static_cast<std::size_t>(i)] = static_cast<char>(value & 0xff);
    return bytes;
}

// Our statements are made for this level, whatever the database's default is. Rows that must not change are
// locked; at a higher level, simultaneous steps would fail instead of waiting for each other.
constexpr const char* begin_text = "BEGIN ISOLATION LEVEL READ COMMITTED";

// pgpool2 sends what only reads to a standby, which may not know yet what was revoked. It leaves a statement
// that begins with this comment at the primary.
constexpr std::string_view stays_here = "/*NO LOAD BALANCE*/ ";

}  // namespace

class PostgresStatement final : public Statement {
public:
    PostgresStatement(PostgresDatabase& database, const char* sql)
        : database_(database),
          sql_(std::string(stays_here) + sql),
          name_("coatcheck_" + base::base64url(crypto::sha256(sql).substr(0, 16))) {}

    bool is(std::string_view sql) const { return sql_.substr(stays_here.size()) == sql; }

    void bind(std::int64_t value) override { add(int8, eight_bytes(value)); }
    void bind(std::string_view text) override { add(text_type, base::well_formed(text)); }
    void bind_null() override {
        add(text_type, "");
        values_.back() = std::nullopt;
    }
    void bind_blob(std::string_view bytes) override { add(bytea, std::string(bytes)); }

    bool step() override {
        if (!result_) {
            run();
            rows_ = libpq().PQntuples(result_.get());
        }
        return ++row_ < rows_;
    }
    int changed() const override {
        return base::parse_number<int>(libpq().PQcmdTuples(result_.get())).value_or(0);
    }
    std::int64_t integer(int column) const override {
        const auto* bytes = reinterpret_cast<const unsigned char*>(
            libpq().PQgetvalue(result_.get(), row_, column));
        const int size = libpq().PQgetlength(result_.get(), row_, column);
        if (size == 0) return 0;
        std::int64_t value = bytes[0] >= 0x80 ? -1 : 0;
        for (int i = 0; i < size; ++i)
            value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 | bytes[i]);
        return value;
    }
    std::string text(int column) const override {
        return {libpq().PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(libpq().PQgetlength(result_.get(), row_, column))};
    }
    bool is_null(int column) const override { return libpq().PQgetisnull(result_.get(), row_, column) == 1; }
    void reset() override {
        result_.reset();
        types_.clear();
        values_.clear();
        row_ = -1;
    }

private:
    void add(Oid type, std::string bytes) {
        types_.push_back(type);
        values_.emplace_back(std::move(bytes));
    }
    void run() {
        std::vector<const char*> at;
        std::vector<int> lengths, binary(values_.size(), 1);
        for (const auto& value : values_) {
            at.push_back(value ? value->c_str() : nullptr);
            lengths.push_back(value ? static_cast<int>(value->size()) : 0);
        }
        try {
            send(at, lengths, binary);
        } catch (const AlreadyPrepared&) {
            // A transaction that failed, or another program, has prepared it. The name stands for this text
            // alone.
            prepared_ = true;
            throw;
        }
        prepared_ = database_.prepares_;
    }
    void send(const std::vector<const char*>& at, const std::vector<int>& lengths,
              const std::vector<int>& binary) {
        const auto count = static_cast<int>(values_.size());
        const Libpq& pq = libpq();
        result_ = database_.exchange([&](pg_conn* connection) {
            if (!database_.prepares_) {
                pq.PQsendQueryParams(connection, sql_.c_str(), count, types_.data(), at.data(),
                                     lengths.data(), binary.data(), 1);
                return std::size_t{1};
            }
            const std::size_t results = prepared_ ? 1 : 2;
            if (!prepared_) pq.PQsendPrepare(connection, name_.c_str(), sql_.c_str(), count, types_.data());
            pq.PQsendQueryPrepared(connection, name_.c_str(), count, at.data(), lengths.data(), binary.data(),
                                   1);
            return results;
        });
    }

    PostgresDatabase& database_;
    std::string sql_;
    // Made from the text: if two programs share a server's connection, a name means the same text for both.
    std::string name_;
    bool prepared_ = false;
    std::vector<Oid> types_;
    std::vector<std::optional<std::string>> values_;
    PostgresDatabase::Result result_;
    int row_ = -1, rows_ = 0;
};

void PostgresDatabase::Free::operator()(pg_result* result) const { libpq().PQclear(result); }

PostgresDatabase::~PostgresDatabase() {
    statements_.clear();
    libpq().PQfinish(connection_);
}

Statement& PostgresDatabase::prepare(const char* sql) {
    auto& statement = statements_[sql];
    if (!statement) statement = std::make_unique<PostgresStatement>(*this, sql);
    assert(static_cast<PostgresStatement&>(*statement).is(sql));  // see Database::query()
    return *statement;
}

void PostgresDatabase::begin() {
    put_off_.assign(1, begin_text);
    open_ = committing_ = alone_ = false;
}

void PostgresDatabase::first_alone() {
    if (open_ || put_off_.size() != 1) return;
    put_off_.clear();
    alone_ = true;
}

void PostgresDatabase::commit() {
    if (!open_) return put_off_.clear();  // the step sent no statement
    committing_ = true;
    warning_.clear();
    const auto result = exchange([](pg_conn* connection) {
        libpq().PQsendQueryParams(connection, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 1);
        return std::size_t{1};
    });
    open_ = committing_ = false;
    if (std::string_view(libpq().PQcmdStatus(result.get())) != "COMMIT")
        throw StoreError("PostgreSQL: the transaction has failed");
    refuse_warning();
}

// The wait for a synchronous standby can be cancelled. PostgreSQL then says COMMIT all the same, with a
// warning.
void PostgresDatabase::refuse_warning() {
    if (!warning_.empty())
        throw Unknown("PostgreSQL: " + std::exchange(warning_, {}) + " (while committing)");
}

void PostgresDatabase::rollback() {
    committing_ = false;
    put_off_.clear();
    if (!open_ || broken_) return;
    try {
        exchange([](pg_conn* connection) {
            libpq().PQsendQueryParams(connection, "ROLLBACK", 0, nullptr, nullptr, nullptr, nullptr, 1);
            return std::size_t{1};
        });
        open_ = false;
    } catch (const StoreError&) {
        broken_ = true;
    }
}

void PostgresDatabase::expect_duplicate() { put_off_.push_back("SAVEPOINT attempt"); }
void PostgresDatabase::undo_duplicate() { put_off_.push_back("ROLLBACK TO SAVEPOINT attempt"); }
void PostgresDatabase::no_duplicate() { put_off_.push_back("RELEASE SAVEPOINT attempt"); }

template <class Send>
PostgresDatabase::Result PostgresDatabase::exchange(Send send) {
    if (broken_) throw Unavailable("PostgreSQL: the connection was lost");
    const Libpq& pq = libpq();
    deadline_ = std::chrono::steady_clock::now() + patience_;
    if (pq.PQenterPipelineMode(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    for (const char* sql : put_off_)
        pq.PQsendQueryParams(connection_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1);
    const std::size_t before = put_off_.size();
    put_off_.clear();
    const std::size_t results = before + send(connection_);
    if (pq.PQpipelineSync(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    flush();
    open_ = !alone_;
    const bool commits_itself = std::exchange(alone_, false);
    if (commits_itself) {
        put_off_.assign(1, begin_text);
        warning_.clear();
    }
    Result last = receive(results);
    if (commits_itself) refuse_warning();
    return last;
}

// Returns the last of so many results, or throws the first error among them.
PostgresDatabase::Result PostgresDatabase::receive(std::size_t results) {
    const Libpq& pq = libpq();
    Result last, error;
    for (std::size_t i = 0; i < results; ++i) {
        last = next_result();
        if (!last) lose("an answer is missing");
        const auto status = pq.PQresultStatus(last.get());
        if (status == PGRES_FATAL_ERROR && !error) error = std::move(last);
        if (next_result()) lose("there is one answer too many");
    }
    const Result sync = next_result();
    if (!sync || pq.PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC)
        lose(trimmed(pq.PQerrorMessage(connection_)));
    if (pq.PQexitPipelineMode(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    if (error) fail(error.get());
    return last;
}

PostgresDatabase::Result PostgresDatabase::next_result() {
    const Libpq& pq = libpq();
    while (pq.PQisBusy(connection_) == 1) {
        wait(false);
        if (pq.PQconsumeInput(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    }
    return Result(pq.PQgetResult(connection_));
}

void PostgresDatabase::flush() {
    const Libpq& pq = libpq();
    for (int state; (state = pq.PQflush(connection_)) != 0;) {
        if (state < 0) lose(trimmed(pq.PQerrorMessage(connection_)));
        wait(true);
        if (pq.PQconsumeInput(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    }
}

void PostgresDatabase::wait(bool for_writing) {
    pollfd wanted{socket(), static_cast<short>(POLLIN | (for_writing ? POLLOUT : 0)), 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ -
                                                                       std::chrono::steady_clock::now())
                              .count();
        const int ready = left <= 0 ? 0 : ::poll(&wanted, 1, static_cast<int>(left));
        if (ready > 0) return;
        if (ready == 0) {
            owed_ = true;
            lose("no answer in time");
        }
        if (errno != EINTR) lose("cannot wait for the answer");
    }
}

void PostgresDatabase::lose(const std::string& why) {
    broken_ = true;
    const std::string what = "PostgreSQL: " + why;
    if (committing_) throw Unknown(what + " (while committing)");
    throw Unavailable(what);
}

// Throws what the SQLSTATE means (PostgreSQL documentation, appendix A).
void PostgresDatabase::fail(pg_result* result) {
    const Libpq& pq = libpq();
    const auto field = [&](int code) { return trimmed(pq.PQresultErrorField(result, code)); };
    const std::string state = field(PG_DIAG_SQLSTATE), message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (pq.PQstatus(connection_) != CONNECTION_OK || state.empty() || state.starts_with("08") ||
        state.starts_with("57P") || state == "25006" || state == "25P03")
        lose(message.empty() ? trimmed(pq.PQresultErrorMessage(result)) : message);
    if (state == "23505") throw Duplicate("PostgreSQL: " + field(PG_DIAG_CONSTRAINT_NAME));
    if (state == "40001" || state == "40P01") throw Conflict("PostgreSQL: " + message);
    if (prepares_ && state == "42P05") throw AlreadyPrepared("PostgreSQL: " + message);
    if (prepares_ && state == "26000") {
        prepares_ = false;
        throw Conflict("PostgreSQL: " + message);
    }
    throw StoreError("PostgreSQL: " + message + " (" + state + ")");
}

void PostgresDatabase::execute(const std::string& script, std::chrono::seconds within) {
    const Libpq& pq = libpq();
    deadline_ = std::chrono::steady_clock::now() + within;
    if (pq.PQsendQuery(connection_, script.c_str()) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    flush();
    Result error;
    while (Result result = next_result())
        if (pq.PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !error) error = std::move(result);
    if (error) fail(error.get());
}

void PostgresDatabase::be_patient(std::chrono::seconds patience) {
    execute("SET statement_timeout = 0; SET lock_timeout = 0", patience_);
    patience_ = patience;
}

bool PostgresDatabase::is_owed_an_answer(std::chrono::milliseconds at_most) {
    if (!owed_) return false;
    pollfd wanted{socket(), POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(at_most.count())) > 0)
        owed_ = libpq().PQconsumeInput(connection_) == 1 && libpq().PQisBusy(connection_) == 1;
    return owed_;
}

int PostgresDatabase::socket() const { return libpq().PQsocket(connection_); }

bool PostgresDatabase::take_notifications() {
    const Libpq& pq = libpq();
    if (pq.PQconsumeInput(connection_) != 1) lose(trimmed(pq.PQerrorMessage(connection_)));
    bool any = false;
    while (PGnotify* one = pq.PQnotifies(connection_)) {
        pq.PQfreemem(one);
        any = true;
    }
    return any;
}

}  // namespace coatcheck::store
