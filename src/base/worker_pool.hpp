// SPDX-License-Identifier: Apache-2.0
// Threads for slow work that only computes: the hashing pool. They give way to other threads, so that
// checking tokens goes first. Their queue is bounded: try_post() refuses at once if the queue is full.
//
// Each work has a source, such as the network of a client. The threads take one work of each source in
// turn, and one source gets at most a quarter of the queue. So a source that posts much delays itself, and
// each other source by one work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace coatcheck::base {

class WorkerPool {
public:
    // At most `max_waiting` items wait in the queue. Each thread calls `when_idle` when it has been without
    // work for a second since its last work.
    WorkerPool(std::size_t threads, std::size_t max_waiting, std::function<void()> when_idle = {});
    ~WorkerPool();

    // Returns false if the queue, or the source's part of it, is full. `work` must not throw. Any thread.
    bool try_post(const std::string& source, std::function<void()> work);
    // The number of queued items that no thread has taken yet.
    std::size_t waiting() const;

private:
    using Work = std::function<void()>;
    using Sources = std::map<std::string, std::deque<Work>>;

    // Finishes the queued work, then ends the threads.
    void end();
    void loop();
    // Takes the next work. The caller holds the mutex, and the queue is not empty.
    Work take();

    const std::size_t max_waiting_, max_of_source_;
    const std::function<void()> when_idle_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    Sources sources_;                     // those with waiting work
    std::list<Sources::iterator> turns_;  // each of them once; the first is next
    std::size_t waiting_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace coatcheck::base
