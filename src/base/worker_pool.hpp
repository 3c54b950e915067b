// SPDX-License-Identifier: Apache-2.0
// Threads for slow pure work (password hashes). They give way, so that checking tokens goes first, and their
// queue is bounded: who does not fit is told at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coatcheck::base {

class WorkerPool {
public:
    // `when_idle` is called on each thread that has had nothing to do for a second since its last work.
    WorkerPool(std::size_t threads, std::size_t max_waiting, std::function<void()> when_idle = {});
    // Finishes what waits.
    ~WorkerPool();

    // False if the queue is full. `work` must not throw.
    bool try_post(std::function<void()> work);
    std::size_t waiting() const;

private:
    void loop();

    const std::size_t max_waiting_;
    const std::function<void()> when_idle_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace coatcheck::base
