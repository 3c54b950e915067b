// SPDX-License-Identifier: Apache-2.0
// Rotations whose clients got 503 although the database may have committed them: the answer to the commit did
// not come, because the connection was lost, or a synchronous standby was away. Such a client still has the
// token of before. If the rotation shows only after the grace, that token must not count as used a second
// time: the client did nothing wrong. So this node remembers such rotations for an hour, and gives them a
// grace that begins when they show.
//
// This holds only while the row is as the rotation left it. Every answer with the successor writes the row
// (SqlStore::note_repeat), so a row that is unchanged proves that nobody got the successor from another node.
#pragma once

#include "auth/store/sessions.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

namespace coatcheck::store {

// A session's row as a rotation left it.
struct UnansweredRotation {
    std::string user, session;
    std::uint32_t counter = 0;  // of the token that the client has: the row's is greater by one
    base::Timestamp rotated, last_used;
    bool operator==(const UnansweredRotation&) const = default;
};

// Any thread may call any member.
class UnansweredRotations {
public:
    void add(const UnansweredRotation& rotation);
    bool contains(const UnansweredRotation& rotation);
    void forget(const UnansweredRotation& rotation);

private:
    using Clock = std::chrono::steady_clock;
    struct Known {
        UnansweredRotation rotation;
        Clock::time_point until;
    };

    // Once a minute: forgets those of more than an hour ago. The caller holds the mutex.
    void forget_old(Clock::time_point now);

    std::mutex mutex_;
    Clock::time_point next_look_{};
    std::unordered_multimap<std::string, Known> known_;  // by session
};

}  // namespace coatcheck::store
