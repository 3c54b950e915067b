// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.hpp"

#include "base/scheduling.hpp"
#include "base/threads.hpp"

namespace coatcheck::base {
namespace {

constexpr std::chrono::seconds idle_after{1};

}  // namespace

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_waiting, std::function<void()> when_idle)
    : max_waiting_(max_waiting), max_of_source_((max_waiting + 3) / 4), when_idle_(std::move(when_idle)) {
    try {
        for (std::size_t i = 0; i < threads; ++i)
            threads_.push_back(start_thread("password hashes", [this] { loop(); }));
    } catch (...) {
        end();
        throw;
    }
}

WorkerPool::~WorkerPool() { end(); }

void WorkerPool::end() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

bool WorkerPool::try_post(const std::string& source, Work work) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_ >= max_waiting_) return false;
        const auto [row, is_new] = sources_.try_emplace(source);
        if (row->second.size() >= max_of_source_) return false;
        try {
            row->second.push_back(std::move(work));
            if (is_new) turns_.push_back(row);
        } catch (...) {
            if (is_new) sources_.erase(row);  // it would never get a turn
            throw;
        }
        ++waiting_;
    }
    wake_.notify_one();
    return true;
}

std::size_t WorkerPool::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}

WorkerPool::Work WorkerPool::take() {
    const auto turn = turns_.begin();
    const auto row = *turn;
    auto& queue = row->second;
    Work work = std::move(queue.front());
    queue.pop_front();
    --waiting_;
    if (queue.empty()) {
        turns_.erase(turn);
        sources_.erase(row);
    } else {
        turns_.splice(turns_.end(), turns_, turn);
    }
    return work;
}

void WorkerPool::loop() {
    give_way();
    const auto is_called = [this] { return stopping_ || waiting_ > 0; };
    bool has_worked = false;
    for (;;) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            if (has_worked && when_idle_ && !wake_.wait_for(lock, idle_after, is_called)) {
                lock.unlock();
                when_idle_();
                lock.lock();
            }
            wake_.wait(lock, is_called);
            if (waiting_ == 0) return;
            work = take();
        }
        work();
        has_worked = true;
    }
}

}  // namespace coatcheck::base
