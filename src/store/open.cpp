// SPDX-License-Identifier: Apache-2.0
#include "store/open.hpp"

#include "base/log.hpp"
#include "store/postgres/pool.hpp"
#include "store/sql/schema.hpp"
#include "store/sqlite/queue.hpp"
#include "store/sqlite/reads.hpp"
#include "store/sqlite/sweeper.hpp"

#include <atomic>
#include <chrono>
#include <optional>

namespace coatcheck::store {
namespace {

// SQLite with its writer thread, and two connections that only read: the reader's, and one that reads ahead
// of the sweeper. Both are opened when they are first needed, inside a step, which has just checked that the
// database file is still in place. Otherwise SQLite could take another file at that path for ours and copy
// our write-ahead log into it.
class Sqlite final : public auth::StoreQueue {
public:
    Sqlite(const std::string& path, auth::StoreListener& listener)
        : path_(path), store_(path), queue_(store_, listener) {}

    void post(Work work) override {
        if (!work.only_reads) return queue_.post(std::move(work));
        if (SqliteReads* reads = reads_.load()) return reads->post(std::move(work));
        queue_.post({[this, step = std::move(work.step)](auth::Store& store) {
                         step(store);
                         open_reads();
                     },
                     std::move(work.done)});
    }

    bool sweep() override { return sweeper_.sweep(); }

private:
    void open_reads() {
        const auto now = std::chrono::steady_clock::now();
        if (opened_reads_ || now < next_try_) return;
        next_try_ = now + std::chrono::seconds(10);
        try {
            opened_reads_.emplace(store_);
            reads_ = &*opened_reads_;
            // Until the next attempt, steps that only read run on the writer thread.
        } catch (const std::exception& failure) {
            base::log::write(base::log::Level::warning, "reads_wait", {{"reason", failure.what()}});
        }
    }

    const std::string path_;
    SqliteStore store_;
    std::chrono::steady_clock::time_point next_try_{};
    std::optional<SqliteReads> opened_reads_;
    std::atomic<SqliteReads*> reads_{nullptr};
    Queue queue_;
    SqliteSweeper sweeper_{path_, queue_};
};

}  // namespace

std::string file_of(const Place& place) {
    return (place.directory / place.url.substr(std::string_view("sqlite:").size())).string();
}

bool is_postgres(std::string_view url) {
    return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

namespace {

// Calls look(database, its schema) if there is a database with a schema. Changes nothing.
template <class Look>
void look_at(const Place& place, Look look) {
    const auto look_if_made = [&](auto& database) {
        if (const Schema schema = read_schema(database); schema.version > 0) look(database, schema);
    };
    if (is_postgres(place.url)) {
        PostgresDatabase database({place.url, place.password});
        look_if_made(database);
    } else if (std::filesystem::exists(file_of(place))) {
        SqliteDatabase database(file_of(place), SqliteDatabase::Open::to_read);
        look_if_made(database);
    }
}

}  // namespace

std::optional<base::Timestamp> noted_clock(const Place& place) {
    std::optional<base::Timestamp> clock;
    look_at(place, [&](auto& database, const Schema&) {
        clock = base::from_unix_millis(number_of(database, "SELECT clock FROM meta"));
    });
    return clock;
}

void check_tables(const Place& place) {
    if (!is_postgres(place.url)) return;
    look_at(place, [&](auto&, const Schema& schema) {
        if (!schema.next.empty()) return;
        PostgresStore({place.url, place.password}, PostgresDatabase::Prepare::never, base::read_clock)
            .check_tables();
    });
}

void refuse_to_migrate(const Place& place) {
    look_at(place, [](auto&, const Schema& schema) {
        if (schema.next.empty()) return;
        const auto needed = schema.version + static_cast<std::int64_t>(schema.next.size());
        throw StoreError(
            "the database has schema " + std::to_string(schema.version) + ", and this program needs " +
            std::to_string(needed) +
            ". This command only reads, and does not change it: run `coatcheck migrate apply`, or "
            "start the new server. Older programs cannot use the database afterwards");
    });
}

std::unique_ptr<auth::StoreQueue> open(const Place& place, auth::StoreListener& listener) {
    if (!is_postgres(place.url)) return std::make_unique<Sqlite>(file_of(place), listener);
    const PostgresAddress address{place.url, place.password};
    try {
        return std::make_unique<PostgresPool>(PostgresSettings{address, place.listen_url, place.connections},
                                              listener);
    } catch (const Unavailable& failure) {
        if (failure.is_refusal && PostgresDatabase::is_up(address)) throw;
        throw NotThereYet(failure.what());
    }
}

}  // namespace coatcheck::store
