// SPDX-License-Identifier: Apache-2.0
// Rotations whose clients got 503 although the database may have committed them: the answer to the commit did
// not come, because the connection was lost, or a synchronous standby was away. Such a client still has the
// token of before. If the rotation shows only after the grace, that token must not count as used a second
// time: the client did nothing wrong. So this node remembers such rotations for an hour, and gives them a
// grace that begins when they show.
#pragma once

#include "auth/store/sessions.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace coatcheck::store {

// Any thread may call any member.
class UnansweredRotations {
public:
    struct Rotation {
        std::string user, session;
        std::uint32_t counter = 0;  // of the token that the client has
    };

    void add(const auth::RotateRequest& request);
    // True if the client of this token was not told that it was superseded.
    bool contains(const std::string& session, std::uint32_t counter);
    // Those whose grace has not been renewed yet. add_unsettled() puts one back.
    std::vector<Rotation> take_unsettled();
    void add_unsettled(Rotation rotation);

private:
    using Clock = std::chrono::steady_clock;
    struct Known {
        std::uint32_t counter = 0;
        Clock::time_point until;
    };
    void forget_old(Clock::time_point now);

    std::mutex mutex_;
    std::unordered_map<std::string, Known> known_;  // by session
    std::vector<Rotation> unsettled_;
};

}  // namespace coatcheck::store
