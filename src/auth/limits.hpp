// SPDX-License-Identifier: Apache-2.0
// Limits on failed sign-ins. Only failures count: checked before, charged after. Each bucket holds a burst
// and refills steadily (GCRA), so nobody is locked out for good, and an attempt made while one is full is not
// charged. Guesses sent together cannot outrun the count: until it is decided, an attempt counts as a failure
// of its address, and at most four run for one user.
//
//   name and address   10, one back each minute       a forgotten password
//   name               50, one back each minute       guessing from many addresses; not for an address that
//   has a
//                                                     live session of the user: a guesser cannot shut the
//                                                     owner out
//   address           100, one back each 10 seconds   one guesser, many names
//
// Buckets are rows of the store: they survive a restart and all nodes share them. Names are hashed to 65536
// rows, so that unknown names look the same and cannot fill the table; addresses count as IPv4 /32 and IPv6
// /64.
#pragma once

#include "auth/store.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coatcheck::auth {

struct Attempt {
    std::string login;    // the user's id; folded as typed where there is no such user
    std::string address;  // IPv4, or IPv6 in full
    bool known_address = false;
};

void charge_failure(Store& store, const Attempt& attempt);
// The address bucket alone, for sign-up.
void charge_address(Store& store, const std::string& address);

// The attempts that are not decided yet. Any thread may call anything.
class AttemptsInFlight {
public:
    // Held while the attempt runs, its charge included.
    class Slot {
    public:
        Slot() = default;
        Slot(Slot&& other) noexcept
            : all_(std::exchange(other.all_, nullptr)), keys_(std::move(other.keys_)) {}
        Slot& operator=(Slot&& other) noexcept {
            std::swap(all_, other.all_);
            std::swap(keys_, other.keys_);
            return *this;
        }
        ~Slot();

    private:
        friend class AttemptsInFlight;
        // With the mutex held.
        Slot(AttemptsInFlight& all, std::vector<std::string> keys);
        AttemptsInFlight* all_ = nullptr;
        std::vector<std::string> keys_;
    };
    // Asks the limits: too_many_attempts with Retry-After, or a slot. Addresses with a live session of the
    // user have four attempts of their own: a guesser cannot keep the owner out.
    base::Result<Slot> enter(Store& store, const Attempt& attempt);
    // The address bucket alone, for sign-up.
    base::Result<Slot> enter_address(Store& store, const std::string& address);

private:
    int running(const std::string& key) const;
    std::mutex mutex_;
    std::unordered_map<std::string, int> running_;
};

}  // namespace coatcheck::auth
