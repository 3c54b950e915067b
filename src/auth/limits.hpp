// SPDX-License-Identifier: Apache-2.0
// Limits on failed sign-ins. Only failures count: an attempt is checked before it runs, and charged after
// it has failed. Each limit is a bucket that takes a burst of failures and empties steadily (GCRA), so
// nobody is locked out for good. While a bucket is full, attempts are refused, and a refused attempt is not
// charged. Many guesses at once cannot get past the limits: an undecided attempt counts as a failure of its
// address, and at most four attempts run for one user at a time.
//
//   bucket             burst, and when one comes back   what it is for
//   name and address   10, each minute                  a forgotten password
//   name               50, each minute                  guesses from many addresses
//   address            100, each 10 seconds             one guesser who tries many names
//
// The bucket of the name alone does not apply to an address with a live session of the user. So a guesser
// cannot lock the user out.
//
// Buckets are rows of the store: they survive a restart, and all nodes share them. Names are hashed to
// 65536 rows, so that unknown names cannot be told from known ones and cannot fill the table. Addresses
// count as IPv4 /32 and IPv6 /64.
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
    std::string login;           // the user's id; the typed login, folded, if there is no such user
    std::string address;         // IPv4, or IPv6 in full
    bool known_address = false;  // the user has a live session from this address
};

// Charges a failure to all buckets that apply to the attempt.
void charge_failure(Store& store, const Attempt& attempt);
// Charges only the bucket of the address (sign-up).
void charge_address(Store& store, const std::string& address);

// The attempts of this node that are not decided yet. Any thread may call any member.
class AttemptsInFlight {
public:
    // Counts one attempt. The caller holds it until the attempt is decided and a failure is charged.
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
        // The caller holds the mutex.
        Slot(AttemptsInFlight& all, std::vector<std::string> keys);
        AttemptsInFlight* all_ = nullptr;
        std::vector<std::string> keys_;
    };
    // Checks all limits. Returns a slot, or too_many_attempts with Retry-After. Each known address of a
    // user has four attempts at a time of its own, so that a guesser cannot keep the user out.
    base::Result<Slot> enter(Store& store, const Attempt& attempt);
    // Checks only the limit of the address (sign-up).
    base::Result<Slot> enter_address(Store& store, const std::string& address);

private:
    int running(const std::string& key) const;
    std::mutex mutex_;
    std::unordered_map<std::string, int> running_;
};

}  // namespace coatcheck::auth
