// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/reads.hpp"

#include "base/log.hpp"
#include "base/memory.hpp"

#include <algorithm>
#include <chrono>

namespace coatcheck::store {
namespace {

// The limits of one transaction. To let the log begin anew, the writer thread waits for the transaction's
// end, and all steps that write wait behind it.
constexpr std::size_t most_steps = 8;
constexpr std::chrono::milliseconds longest{1};

}  // namespace

SqliteReads::Store::Store(const SqliteFile& file, std::function<base::Timestamp()> clock)
    : SqliteTables(file.path(), SqliteDatabase::Open::to_read), clock_(std::move(clock)) {
    file_ = file;
    file_.check();
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
        db_.query("ROLLBACK").run();  // the steps have their results; the next transaction starts afresh
    }
}

SqliteReads::SqliteReads(SqliteStore& store, std::function<base::Timestamp()> clock)
    : gate_(store.read_gate()),
      store_(store.file(), std::move(clock)),
      thread_([this](GroupThread::Group& group) {
          for (std::span<auth::StoreQueue::Work> waiting = group; !waiting.empty();)
              waiting = waiting.subspan(run_some(waiting));
      }) {}

std::size_t SqliteReads::run_some(std::span<auth::StoreQueue::Work> waiting) {
    std::vector<std::exception_ptr> failures;
    base::once_memory_allows([&] { failures.reserve(std::min(waiting.size(), most_steps)); });
    try {
        const ReadGate::Reading reading(gate_);
        store_.begin();
        const auto until = std::chrono::steady_clock::now() + longest;
        while (failures.size() < std::min(waiting.size(), most_steps) &&
               (failures.empty() || std::chrono::steady_clock::now() < until)) {
            try {
                waiting[failures.size()].step(store_);
                failures.emplace_back();
            } catch (...) {
                failures.push_back(std::current_exception());
            }
        }
        store_.end();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
        if (failures.empty()) failures.push_back(std::current_exception());
    }
    for (std::size_t i = 0; i < failures.size(); ++i) waiting[i].done(failures[i]);
    return failures.size();
}

}  // namespace coatcheck::store
