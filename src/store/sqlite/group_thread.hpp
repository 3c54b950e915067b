// SPDX-License-Identifier: Apache-2.0
// A thread that takes all waiting work at once and runs it.
#pragma once

#include "auth/store.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coatcheck::store {

class GroupThread {
public:
    using Work = auth::StoreQueue::Work;
    using Group = std::vector<Work>;
    // `run` must call Work::done of each work, and must not throw.
    explicit GroupThread(std::function<void(Group&)> run);
    // Runs the work that waits, then ends the thread.
    ~GroupThread();
    GroupThread(const GroupThread&) = delete;

    // Any thread.
    void post(Work work);

private:
    void loop();

    std::function<void(Group&)> run_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Group waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace coatcheck::store
