// SPDX-License-Identifier: Apache-2.0
// Limits on failed sign-ins. Only failures count: checked before, charged after. Each bucket holds a burst and refills
// steadily (GCRA), so nobody is locked out for good, and an attempt made while one is full is not charged.
//
//   name and address   10, one back each minute       a forgotten password
//   name               50, one back each minute       guessing from many addresses; not for an address that has a
//                                                     live session of the user: a guesser cannot shut the owner out
//   address           100, one back each 10 seconds   one guesser, many names
//
// Buckets are rows of the store: they survive a restart and all nodes share them. Names are hashed to 65536 rows, so
// that unknown names look the same and cannot fill the table; addresses count as IPv4 /32 and IPv6 /64.
#pragma once

#include "auth/store.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace coatcheck::auth {

struct Attempt {
    std::string login;    // the user's id; folded as typed where there is no such user
    std::string address;  // IPv4, or IPv6 in full
    bool known_address = false;
};

// True for one IPv4 address, or one IPv6 /64.
bool same_network(const std::string& a, const std::string& b);

// too_many_attempts with Retry-After, or nothing.
base::Result<void> check_limits(Store& store, const Attempt& attempt);
void charge_failure(Store& store, const Attempt& attempt);
// The address bucket alone, for sign-up.
base::Result<void> check_address(Store& store, const std::string& address);
void charge_address(Store& store, const std::string& address);

// At most 4 attempts for one user at a time, so that guesses sent together cannot outrun the count of failures. Addresses
// with a live session of the user have four of their own: a guesser cannot keep the owner out.
// Any thread may call anything.
class AttemptsInFlight {
public:
    // Held while the attempt runs.
    class Slot {
    public:
        Slot(AttemptsInFlight& all, std::string name) : all_(&all), name_(std::move(name)) {}
        Slot(Slot&& other) noexcept : all_(std::exchange(other.all_, nullptr)), name_(std::move(other.name_)) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (all_ != nullptr) all_->leave(name_);
        }

    private:
        AttemptsInFlight* all_;
        std::string name_;
    };
    // nullopt: four are running.
    std::optional<Slot> enter(const Attempt& attempt);

private:
    void leave(const std::string& name);
    std::mutex mutex_;
    std::unordered_map<std::string, int> running_;
};

}  // namespace coatcheck::auth
