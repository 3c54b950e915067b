// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/group_thread.hpp"

#include "base/scheduling.hpp"
#include "base/threads.hpp"

namespace coatcheck::store {

GroupThread::GroupThread(std::function<void(Group&)> run)
    : run_(std::move(run)), thread_(base::start_thread("the database", [this] { loop(); })) {}

GroupThread::~GroupThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void GroupThread::post(Work work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
}

void GroupThread::loop() {
    base::take_short_turns();
    for (;;) {
        Group group;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            group.swap(waiting_);
        }
        run_(group);
    }
}

}  // namespace coatcheck::store
