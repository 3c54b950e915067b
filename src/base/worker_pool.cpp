// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.hpp"

#include "base/scheduling.hpp"

namespace coatcheck::base {
namespace {

constexpr std::chrono::seconds idle_after{1};

}  // namespace

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_waiting, std::function<void()> when_idle)
    : max_waiting_(max_waiting), when_idle_(std::move(when_idle)) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

bool WorkerPool::try_post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= max_waiting_) return false;
        queue_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

std::size_t WorkerPool::waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void WorkerPool::loop() {
    give_way();
    const auto is_called = [this] { return stopping_ || !queue_.empty(); };
    bool has_worked = false;
    for (;;) {
        std::function<void()> work;
        {
            std::unique_lock lock(mutex_);
            if (has_worked && when_idle_ && !wake_.wait_for(lock, idle_after, is_called)) {
                lock.unlock();
                when_idle_();
                lock.lock();
            }
            wake_.wait(lock, is_called);
            if (queue_.empty()) return;
            work = std::move(queue_.front());
            queue_.pop_front();
        }
        work();
        has_worked = true;
    }
}

}  // namespace coatcheck::base
