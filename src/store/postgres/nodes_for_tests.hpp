// SPDX-License-Identifier: Apache-2.0
// Nodes of one PostgreSQL database, as the store sees them, and rows for tests.
#pragma once

#include "auth/store.hpp"
#include "store/places_for_tests.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace coatcheck::store {

using namespace std::chrono_literals;

// The store's view of a node.
struct Node {
    std::mutex mutex;
    std::vector<verify::Revocation> feed;
    std::set<std::string> revoked;  // the subjects that its verifiers were told of
    std::atomic<int> keys_loaded{0};
    std::function<base::Timestamp()> clock = [] { return base::from_unix_seconds(1'800'000'000); };
    ListenerForTests listener{[this](const auto& entries) {
                                  const std::lock_guard lock(mutex);
                                  for (const auto& entry : entries) revoked.insert(entry.subject);
                              },
                              [this](const auto& entries) {
                                  const std::lock_guard lock(mutex);
                                  feed.insert(feed.end(), entries.begin(), entries.end());
                              },
                              [this](auth::Store&) { ++keys_loaded; }};
    PostgresPool pool;

    explicit Node(const std::string& url, bool follows = true, const std::string& listen_url = "")
        : pool({{url}, listen_url, 4}, listener, clock) {
        if (follows) pool.follow(0);
    }
    std::size_t heard() {
        const std::lock_guard lock(mutex);
        return feed.size();
    }
    bool has_in_feed(const std::string& subject) {
        const std::lock_guard lock(mutex);
        return std::any_of(feed.begin(), feed.end(),
                           [&](const auto& entry) { return entry.subject == subject; });
    }
    bool refuses(const std::string& subject) {
        const std::lock_guard lock(mutex);
        return revoked.contains(subject);
    }
};

template <class Holds>
bool soon(Holds holds) {
    for (int i = 0; i < 500 && !holds(); ++i) std::this_thread::sleep_for(10ms);
    return holds();
}

inline auth::User user(const std::string& id) {
    auth::User one;
    one.id = one.username = id;
    one.password_hash = "h";
    return one;
}

inline auth::Session session(const std::string& id, const std::string& of, base::Timestamp now) {
    auth::Session one;
    one.id = id;
    one.user = of;
    one.secret_hash = "secret";
    one.created = one.last_used = now;
    one.idle_end = one.absolute_end = one.access_end = now + 1h;
    return one;
}

inline auth::RotateRequest request(const std::string& id, const std::string& of, std::uint32_t counter) {
    return {id, of, "secret", counter, 30s, 1h, 15min};
}

}  // namespace coatcheck::store
