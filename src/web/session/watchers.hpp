// SPDX-License-Identifier: Apache-2.0
// How many event streams each user has open. A stream is never closed to make room for other connections, so
// no user may have many.
#pragma once

#include "base/result.hpp"

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

    // too_many_attempts: the user has most_of_user streams.
    base::Result<Place> enter(const std::string& user);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, int> open_;
};

}  // namespace coatcheck::web
