// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_reads.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace coatcheck::store {
namespace {

constexpr std::size_t most_together = 8;  // who commits, and those behind, wait for no more

}  // namespace

SqliteReads::Store::Store(const std::string& path, std::function<base::Timestamp()> clock)
    : SqliteTables(path, SqliteDatabase::Open::to_read), clock_(std::move(clock)) {
    sqlite_.execute("PRAGMA cache_size=-1024");
}

void SqliteReads::Store::begin() {
    file_.check();
    db_.query("BEGIN").run();
    now_ = clock_();
}

void SqliteReads::Store::end() {
    try {
        db_.query("COMMIT").run();
    } catch (const std::exception&) {
        db_.query("ROLLBACK").run();  // what was read was read; the next one begins anew
    }
}

SqliteReads::SqliteReads(const std::string& path, ReadGate& gate, std::function<base::Timestamp()> clock)
    : gate_(gate), store_(path, std::move(clock)), thread_([this](GroupThread::Group& group) {
          for (std::span<auth::StoreQueue::Work> rest = group; !rest.empty();) {
              const auto count = std::min(rest.size(), most_together);
              run(rest.first(count));
              rest = rest.subspan(count);
          }
      }) {}

// In one transaction, which costs less than one for each.
void SqliteReads::run(std::span<auth::StoreQueue::Work> group) {
    const ReadGate::Reading reading(gate_);
    std::exception_ptr closed;
    try {
        store_.begin();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
        closed = std::current_exception();
    }
    std::vector<std::exception_ptr> failures(group.size(), closed);
    for (std::size_t i = 0; i < group.size() && !closed; ++i) {
        try {
            group[i].step(store_);
        } catch (...) {
            failures[i] = std::current_exception();
        }
    }
    try {
        if (!closed) store_.end();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
    }
    for (std::size_t i = 0; i < group.size(); ++i) group[i].done(failures[i]);
}

}  // namespace coatcheck::store
