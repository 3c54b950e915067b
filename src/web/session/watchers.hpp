// SPDX-License-Identifier: Apache-2.0
// How many event streams each user has open. A stream is never closed to make room for other connections, so
// no user may have many.
#pragma once

#include "base/result.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace coatcheck::web {

// Any thread may call any member.
class Watchers {
public:
    static constexpr int most_of_user = 32;

    // One open stream.
    class Place {
    public:
        Place(Place&& other) noexcept
            : all_(std::exchange(other.all_, nullptr)), user_(std::move(other.user_)) {}
        ~Place();

    private:
        friend class Watchers;
        Place(Watchers& all, std::string user) : all_(&all), user_(std::move(user)) {}
        Watchers* all_;
        std::string user_;
    };

    // All users together have at most so many.
    void limit(std::size_t most) { most_ = most; }
    // too_many_attempts: the user has most_of_user streams. busy: all together have as many as they may.
    base::Result<Place> enter(const std::string& user);
    std::size_t open() const { return all_open_; }

private:
    std::mutex mutex_;
    std::unordered_map<std::string, int> open_;
    std::atomic<std::size_t> all_open_{0};
    std::size_t most_ = 1024;
};

}  // namespace coatcheck::web
