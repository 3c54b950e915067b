// SPDX-License-Identifier: Apache-2.0
#include "store/queue.hpp"

#include "base/log.hpp"
#include "base/scheduling.hpp"

namespace coatcheck::store {

Queue::Queue(SqliteStore& store, auth::StoreListener listener)
    : store_(store), listener_(std::move(listener)), thread_([this] { loop(); }) {}

Queue::~Queue() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Queue::post(Work work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({std::move(work), nullptr});
    }
    wake_.notify_one();
}

void Queue::loop() {
    base::take_short_turns();
    for (;;) {
        std::vector<Waiting> group;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            group.swap(waiting_);
        }
        run_group(group);
        for (auto& waiting : group) waiting.work.done(waiting.failed);
    }
}

void Queue::run_group(std::vector<Waiting>& group) {
    bool open = false;
    try {
        store_.begin();
        open = true;
        for (auto& waiting : group) {
            store_.savepoint();
            try {
                waiting.work.step(store_);
                store_.release();
            } catch (...) {
                waiting.failed = std::current_exception();
                store_.undo();
                continue;
            }
            // What signs after a change of keys does so with those that are loaded when it is committed.
            if (waiting.work.ran && !store_.keys_changed()) waiting.work.ran();
        }
        store_.commit();
        open = false;
        if (const auto published = store_.take_published(); !published.empty()) {
            listener_.revoked(published);
            listener_.in_feed(published);
        }
        if (store_.take_keys_changed()) {
            store_.begin();
            open = true;
            listener_.keys_changed(store_);
            store_.commit();
            open = false;
        }
    } catch (const std::exception& failure) {
        // Nothing of this group is known to be durable: nobody may hear "yes".
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
        for (auto& waiting : group) waiting.failed = std::current_exception();
        try {
            if (open) store_.rollback();
        } catch (const std::exception&) {
            // SQLite has rolled back by itself already.
        }
    }
}

}  // namespace coatcheck::store
