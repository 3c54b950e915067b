// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_checkpoints.hpp"

#include "base/log.hpp"

namespace coatcheck::store {
namespace {

constexpr int due_pages = 4000;   // 16 MB: a page that was changed many times until then is written once
constexpr int little_pages = 64;  // what a commit may have to wait for
constexpr int most_passes = 5;

// What is in the log stays there and is not lost.
template <class Work>
void logging_failure(Work work) {
    try {
        work();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::warning, "checkpoint_failed", {{"reason", failure.what()}});
    }
}

}  // namespace

SqliteCheckpoints::SqliteCheckpoints(std::string path) : path_(std::move(path)), begin_at_(due_pages) {}

SqliteCheckpoints::~SqliteCheckpoints() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void SqliteCheckpoints::after_commit(SqliteDatabase& database) {
    const int pages = database.log_pages();
    if (pages < pages_) begin_at_ = due_pages;  // it began anew
    pages_ = pages;
    if (nearly_done_.exchange(false)) return logging_failure([&] { database.checkpoint(); });
    if (pages < begin_at_) return;
    begin_at_ = pages + due_pages;  // where this one does not succeed
    {
        const std::lock_guard lock(mutex_);
        is_due_ = true;
    }
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    wake_.notify_one();
}

void SqliteCheckpoints::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || is_due_; });
        if (stopping_) return;
        is_due_ = false;
        lock.unlock();
        logging_failure([this] { bring_over(); });
        lock.lock();
    }
}

// Each pass takes what came during the one before.
void SqliteCheckpoints::bring_over() {
    SqliteDatabase database(path_);
    for (int pass = 0; pass < most_passes; ++pass)
        if (pages_ - database.checkpoint() <= little_pages) break;
    nearly_done_ = true;
}

}  // namespace coatcheck::store
