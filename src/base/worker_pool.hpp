// SPDX-License-Identifier: Apache-2.0
// Threads for slow work that only computes: the hashing pool. They give way to other threads, so that
// checking tokens goes first. Their queue is bounded: try_post() refuses at once if the queue is full.
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
    // At most `max_waiting` items wait in the queue. Each thread calls `when_idle` when it has been without
    // work for a second since its last work.
    WorkerPool(std::size_t threads, std::size_t max_waiting, std::function<void()> when_idle = {});
    // Finishes the queued work, then ends the threads.
    ~WorkerPool();

    // Returns false if the queue is full. `work` must not throw. Any thread.
    bool try_post(std::function<void()> work);
    // The number of queued items that no thread has taken yet.
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
