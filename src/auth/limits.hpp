// SPDX-License-Identifier: Apache-2.0
// Limits on failed sign-ins and on sign-ups. Of sign-ins, only failures count: an attempt is checked before
// it runs, and charged after it has failed. Each limit is a bucket that takes a burst and empties steadily
// (GCRA). Many guesses at once cannot get past the limits: an undecided attempt counts as a failure of its
// address, and at most four attempts run for one name at a time.
//
//   bucket             burst, and when one comes back   what it is for
//   name and address   10, each minute                  a forgotten password
//   name               50, each minute                  guesses from many addresses
//   address            100, each 10 seconds             one guesser who tries many names
//   user               50, each minute                  guesses by name and by e-mail address
//   row of failures    100, at the next success         NIST SP 800-63B-4 §3.2.2
//   sign-ups           50, each minute                  accounts made from one address
//   taken addresses    5, each 10 minutes               a user who tries which e-mail addresses are in use
//
// While one of the first three is full, attempts are refused with too_many_attempts, and a refused attempt
// is not charged. These three are the same whether or not a user has the name: they go by the name as typed.
// The next two exist for users only, so they must not show: while one is full, even the right password gets
// the answer to a wrong one. An unknown name is looked up and charged in the same steps.
//
// The buckets of the name and the user do not apply to an address with a live session of the user, and each
// such address has a row of failures of its own. So a guesser elsewhere cannot lock the user out.
//
// Buckets are rows of the store: they survive a restart, and all nodes share them. Names are hashed to
// 65536 rows with a key, so that unknown names cannot fill the table, and nobody can compute which names
// share a row. Addresses count as IPv4 /32 and IPv6 /64.
#pragma once

#include "auth/store.hpp"
#include "base/secret.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coatcheck::auth {

struct Attempt {
    std::string name;            // mark_of_login() of the login as typed
    std::string user;            // the user's id; stands_for_no_user() if no user has the login
    std::string address;         // IPv4, or IPv6 in full
    bool known_address = false;  // the user has a live session from this address
    bool withheld = false;       // is_withheld() when the attempt began
};

// Returns 16 bytes by which the limits know a login; `folded` is the login as typed, folded. It tells
// nothing about the login to readers of the store who lack the MAC key.
std::string mark_of_login(const base::Secret& mac_key, std::string_view folded);
// Returns what to use instead of a user's id if there is no user. It is never the id of one.
std::string stands_for_no_user(const std::string& mark);

// Charges a failure to the buckets that apply to the attempt; to those of the user only if it was not
// withheld.
void charge_failure(Store& store, const Attempt& attempt);
// True if a bucket of the user is full: the attempt must get the answer to a wrong password.
bool is_withheld(ReadStore& store, const Attempt& attempt);
// Ends the user's rows of failures: after a success, and when the password is set or the user is enabled.
void forget_failures(Store& store, const std::string& user);

// Charges a sign-up that succeeded, or one that was refused because of a name or e-mail address in use.
void charge_sign_up(Store& store, const std::string& address);
void charge_refused_sign_up(Store& store, const std::string& address);
// Charges the user for an e-mail address that somebody else has. check_taken() refuses with
// too_many_attempts if that happened too often.
void charge_taken(Store& store, const std::string& user);
base::Result<void> check_taken(ReadStore& store, const std::string& user);

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
    // Checks the limits that may show. Returns a slot, or too_many_attempts with Retry-After. Each known
    // address of a user has four attempts at a time of its own, so that a guesser cannot keep the user out.
    base::Result<Slot> enter(ReadStore& store, const Attempt& attempt);
    // Checks the limits of the address for a sign-up.
    base::Result<Slot> enter_sign_up(ReadStore& store, const std::string& address);

private:
    int running(const std::string& key) const;
    std::mutex mutex_;
    std::unordered_map<std::string, int> running_;
};

}  // namespace coatcheck::auth
