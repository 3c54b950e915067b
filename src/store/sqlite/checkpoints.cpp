// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/checkpoints.hpp"

#include "base/log.hpp"
#include "base/threads.hpp"

namespace coatcheck::store {
namespace {

constexpr int due_pages = 4000;   // 16 MB: a page that changed many times in between is copied once
constexpr int little_pages = 16;  // what the checkpointer may leave to a commit
// After so many passes the writer thread copies the rest, so that commits slow down to the disk's speed.
constexpr int most_passes = 8;
// The pages between two syncs in the first pass: a commit's own sync waits behind them.
constexpr int first_care = 8;

template <class Work>
void logging_failure(Work work) {
    try {
        work();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::warning, "checkpoint_failed", {{"reason", failure.what()}});
    }
}

}  // namespace

ReadGate::Reading::Reading(ReadGate& gate) : gate_(gate) {
    std::unique_lock lock(gate_.mutex_);
    gate_.changed_.wait(lock, [this] { return !gate_.closed_; });
    ++gate_.reading_;
}

ReadGate::Reading::~Reading() {
    const std::lock_guard lock(gate_.mutex_);
    if (--gate_.reading_ == 0 && gate_.closed_) gate_.changed_.notify_all();
}

ReadGate::Closed::Closed(ReadGate& gate) : gate_(gate) {
    std::unique_lock lock(gate_.mutex_);
    gate_.closed_ = true;
    gate_.changed_.wait(lock, [this] { return gate_.reading_ == 0; });
}

ReadGate::Closed::~Closed() {
    const std::lock_guard lock(gate_.mutex_);
    gate_.closed_ = false;
    gate_.changed_.notify_all();
}

SqliteCheckpoints::SqliteCheckpoints(std::string path) : path_(std::move(path)), begin_at_(due_pages) {}

SqliteCheckpoints::~SqliteCheckpoints() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void SqliteCheckpoints::after_commit(SqliteDatabase& database) noexcept {
    const int pages = database.log_pages();
    if (pages < pages_) begin_at_ = due_pages;  // the log has begun anew
    pages_ = pages;
    const Turn turn = turn_;
    if (turn == Turn::thread) return;
    logging_failure([&] {
        if (turn == Turn::committer) {
            // Counts only if the log does not begin anew now, because somebody still reads.
            begin_at_ = pages + due_pages;
            turn_ = Turn::nobody;
            const ReadGate::Closed nobody_reads(gate_);
            database.checkpoint();
        } else if (pages >= begin_at_) {
            if (!thread_.joinable()) thread_ = base::start_thread("checkpoints", [this] { loop(); });
            {
                const std::lock_guard lock(mutex_);
                turn_ = Turn::thread;
            }
            wake_.notify_one();
        }
    });
}

void SqliteCheckpoints::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || turn_ == Turn::thread; });
        if (stopping_) return;
        lock.unlock();
        logging_failure([this] { bring_over(); });
        lock.lock();
        turn_ = Turn::committer;
    }
}

// Each pass copies what was committed during the pass before it, and syncs half as often, in case commits
// come faster than the disk can take with so many syncs. A pass does not begin on a log that is copied
// completely, because such a log may begin anew at any commit.
void SqliteCheckpoints::bring_over() {
    SqliteDatabase database(path_, SqliteDatabase::Open::existing);
    for (int pass = 0; pass < most_passes && !stopping_; ++pass) {
        const int done = database.checkpoint(first_care << pass, &stopping_);
        if (pages_ - done <= little_pages) return;
    }
}

}  // namespace coatcheck::store
