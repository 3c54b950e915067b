// SPDX-License-Identifier: Apache-2.0
#include "auth/limits.hpp"

#include "base/network.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"

#include <algorithm>

namespace coatcheck::auth {
namespace {

constexpr std::chrono::seconds pending_wait{1};  // Retry-After while undecided attempts use up a limit

struct Bucket {
    std::string key;
    int burst;
    Duration refill;  // the time after which one failure no longer counts
};

constexpr Duration minute = std::chrono::minutes(1);
constexpr Duration never = std::chrono::years(10);  // so long that a row of failures does not shrink

std::string tag_of(const std::string& address) {
    return crypto::sha256(base::network_of(address)).substr(0, 8);
}

Bucket address_bucket(const std::string& address) {
    return {"address " + tag_of(address), 100, std::chrono::seconds(10)};
}
Bucket sign_up_bucket(const std::string& address) { return {"sign-ups " + tag_of(address), 50, minute}; }
Bucket taken_bucket(const std::string& user) { return {"taken " + user, 5, 10 * minute}; }

// The buckets that are the same whether or not a user has the name.
std::vector<Bucket> open_buckets(const Attempt& attempt) {
    const std::string name = attempt.name.substr(0, 2);
    std::vector<Bucket> buckets{address_bucket(attempt.address),
                                {"pair " + name + tag_of(attempt.address), 10, minute}};
    if (!attempt.known_address) buckets.push_back({"name " + name, 50, minute});
    return buckets;
}

// The beginning of the keys of all rows of failures of a user.
std::string rows_of(const std::string& user) { return "row " + crypto::sha256(user).substr(0, 16) + ":"; }

Bucket failures_bucket(const Attempt& attempt) {
    return {rows_of(attempt.user) + (attempt.known_address ? tag_of(attempt.address) : ""), 100, never};
}

// The buckets of the user, whose state must not show.
std::vector<Bucket> hidden_buckets(const Attempt& attempt) {
    std::vector<Bucket> buckets{failures_bucket(attempt)};
    if (!attempt.known_address) buckets.push_back({"user " + attempt.user, 50, minute});
    return buckets;
}

// The time until the bucket takes another failure; zero or less if it does so now.
Duration wait_of(ReadStore& store, const Bucket& bucket) {
    return store.find_bucket(bucket.key).value_or(store.now()) - store.now() -
           (bucket.burst - 1) * bucket.refill;
}

// Refuses an attempt while a bucket is full, or while `busiest` would be full if all `pending` attempts (its
// undecided ones) were charged. `of_busiest` is the wait for that bucket.
base::Result<void> check(Duration wait, Duration of_busiest, const Bucket& busiest, int pending) {
    if (wait <= Duration{0} && of_busiest + pending * busiest.refill > Duration{0}) wait = pending_wait;
    if (wait <= Duration{0}) return {};
    return base::Denied{base::Reason::too_many_attempts, std::chrono::ceil<std::chrono::seconds>(wait)};
}

void charge(Store& store, const std::vector<Bucket>& buckets) {
    for (const auto& bucket : buckets) store.charge_bucket(bucket.key, bucket.refill);
}

}  // namespace

std::string mark_of_login(const base::Secret& mac_key, std::string_view folded) {
    return crypto::hmac_sha256(mac_key.reveal(), "login of a limit " + std::string(folded)).substr(0, 16);
}

std::string stands_for_no_user(const std::string& mark) { return "nobody: " + mark.substr(0, 2); }

void charge_failure(Store& store, const Attempt& attempt) {
    charge(store, open_buckets(attempt));
    if (!attempt.withheld) charge(store, hidden_buckets(attempt));
}

bool is_withheld(ReadStore& store, const Attempt& attempt) {
    bool full = false;
    for (const auto& bucket : hidden_buckets(attempt)) full |= wait_of(store, bucket) > Duration{0};
    return full;
}

void forget_failures(Store& store, const std::string& user) { store.empty_buckets(rows_of(user)); }

void charge_sign_up(Store& store, const std::string& address) { charge(store, {sign_up_bucket(address)}); }
void charge_refused_sign_up(Store& store, const std::string& address) {
    charge(store, {address_bucket(address)});
}

void charge_taken(Store& store, const std::string& user) { charge(store, {taken_bucket(user)}); }

base::Result<void> check_taken(ReadStore& store, const std::string& user) {
    const Duration wait = wait_of(store, taken_bucket(user));
    if (wait <= Duration{0}) return {};
    return base::Denied{base::Reason::too_many_attempts, std::chrono::ceil<std::chrono::seconds>(wait)};
}

int AttemptsInFlight::running(const std::string& key) const {
    const auto row = running_.find(key);
    return row == running_.end() ? 0 : row->second;
}

base::Result<AttemptsInFlight::Slot> AttemptsInFlight::enter(ReadStore& store, const Attempt& attempt) {
    constexpr int most = 4;
    std::string account = "account " + attempt.name;
    if (attempt.known_address) account.append(" from ").append(base::network_of(attempt.address));
    const Bucket address = address_bucket(attempt.address);
    // The store is read before the mutex is locked: an event loop that returns a slot must never wait for
    // the store.
    const Duration of_address = wait_of(store, address);
    Duration wait = of_address;
    for (const auto& bucket : open_buckets(attempt))
        if (bucket.key != address.key) wait = std::max(wait, wait_of(store, bucket));
    const std::lock_guard lock(mutex_);
    if (auto allowed = check(wait, of_address, address, running(address.key)); !allowed)
        return allowed.error();
    if (running(account) >= most)
        return base::Denied{base::Reason::too_many_attempts, pending_wait,
                            "at most four attempts may run at a time"};
    return Slot(*this, {account, address.key});
}

base::Result<AttemptsInFlight::Slot> AttemptsInFlight::enter_sign_up(ReadStore& store,
                                                                     const std::string& address) {
    const Bucket refused = address_bucket(address), made = sign_up_bucket(address);
    const Duration of_refused = wait_of(store, refused), of_made = wait_of(store, made);
    const std::lock_guard lock(mutex_);
    for (const auto& [wait, bucket] : {std::pair{of_made, made}, std::pair{of_refused, refused}})
        if (auto allowed = check(wait, wait, bucket, running(bucket.key)); !allowed) return allowed.error();
    return Slot(*this, {made.key, refused.key});
}

AttemptsInFlight::Slot::Slot(AttemptsInFlight& all, std::vector<std::string> keys)
    : all_(&all), keys_(std::move(keys)) {
    for (const auto& key : keys_) all.running_.try_emplace(key, 0);  // without memory, none has counted
    for (const auto& key : keys_) ++all.running_.find(key)->second;
}

AttemptsInFlight::Slot::~Slot() {
    if (all_ == nullptr) return;
    const std::lock_guard lock(all_->mutex_);
    for (const auto& key : keys_) {
        const auto row = all_->running_.find(key);
        if (--row->second == 0) all_->running_.erase(row);
    }
}

}  // namespace coatcheck::auth
