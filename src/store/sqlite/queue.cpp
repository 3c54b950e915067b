// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/queue.hpp"

#include "base/log.hpp"
#include "base/memory.hpp"

#include <algorithm>

namespace coatcheck::store {

Queue::Queue(SqliteStore& store, auth::StoreListener& listener)
    : store_(store), listener_(listener), thread_([this](Group& group) {
          const Failures failures = run_group(group);
          for (std::size_t i = 0; i < group.size(); ++i) group[i].done(failures[i]);
      }) {}

Queue::Failures Queue::run_group(Group& group) {
    Failures failures = base::once_memory_allows([&] { return Failures(group.size()); });
    bool open = false;
    try {
        store_.begin();
        open = true;
        for (std::size_t i = 0; i < group.size(); ++i) {
            store_.savepoint();
            try {
                group[i].step(store_);
                store_.release();
            } catch (...) {
                failures[i] = std::current_exception();
                store_.undo();
                continue;
            }
            // `ran` may sign tokens. If the group changed keys, do not call `ran`: `done` does that work
            // after the new keys are loaded.
            if (group[i].ran && !store_.keys_changed()) group[i].ran();
        }
        store_.commit();
        open = false;
        // First tell the listener: since the commit the reader can report a session as ended, so its tokens
        // must be refused already.
        if (const auto published = store_.take_published(); !published.empty()) {
            base::once_memory_allows([&] { listener_.on_revoked(published); });
            base::once_memory_allows([&] { listener_.on_feed(published); });
        }
        keys_to_load_ = store_.take_keys_changed() || keys_to_load_;
        store_.tidy();
        if (keys_to_load_) {
            store_.begin();
            open = true;
            listener_.on_keys(store_);
            store_.commit();
            open = false;
            keys_to_load_ = false;
        }
    } catch (const std::exception& failure) {
        // None of these steps is known to be durable, so no request of the group may succeed.
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
        std::replace(failures.begin(), failures.end(), std::exception_ptr(), std::current_exception());
        try {
            if (open) store_.rollback();
        } catch (const std::exception&) {
            // SQLite has already rolled back by itself.
        }
    }
    return failures;
}

}  // namespace coatcheck::store
