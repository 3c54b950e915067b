// SPDX-License-Identifier: Apache-2.0
#include "auth/limits.hpp"

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

Bucket address_bucket(const std::string& address) {
    return {"address " + crypto::sha256(network_of(address)).substr(0, 8), 100, std::chrono::seconds(10)};
}

std::vector<Bucket> buckets_of(const Attempt& attempt) {
    const std::string name = crypto::sha256(attempt.login).substr(0, 2);
    std::vector<Bucket> buckets{address_bucket(attempt.address),
                                {"pair " + name + crypto::sha256(network_of(attempt.address)).substr(0, 8),
                                 10, std::chrono::minutes(1)}};
    if (!attempt.known_address) buckets.push_back({"name " + name, 50, std::chrono::minutes(1)});
    return buckets;
}

// The time until the bucket takes another failure; zero or less if it does so now.
Duration wait_of(Store& store, const Bucket& bucket) {
    return store.find_bucket(bucket.key).value_or(store.now()) - store.now() -
           (bucket.burst - 1) * bucket.refill;
}

// Refuses an attempt while a bucket is full, or while the bucket of the address would be full if all
// `pending` attempts (the undecided ones of the address) failed. `of_address` is the wait for that bucket.
base::Result<void> check(Duration wait, Duration of_address, const Bucket& address, int pending) {
    if (wait <= Duration{0} && of_address + pending * address.refill > Duration{0}) wait = pending_wait;
    if (wait <= Duration{0}) return {};
    return base::Denied{base::Reason::too_many_attempts, std::chrono::ceil<std::chrono::seconds>(wait)};
}

void charge(Store& store, const std::vector<Bucket>& buckets) {
    for (const auto& bucket : buckets) store.charge_bucket(bucket.key, bucket.refill);
}

}  // namespace

void charge_failure(Store& store, const Attempt& attempt) { charge(store, buckets_of(attempt)); }
void charge_address(Store& store, const std::string& address) { charge(store, {address_bucket(address)}); }

int AttemptsInFlight::running(const std::string& key) const {
    const auto row = running_.find(key);
    return row == running_.end() ? 0 : row->second;
}

base::Result<AttemptsInFlight::Slot> AttemptsInFlight::enter(Store& store, const Attempt& attempt) {
    constexpr int most = 4;
    std::string account = "account " + attempt.login;
    if (attempt.known_address) account.append(" from ").append(network_of(attempt.address));
    const Bucket address = address_bucket(attempt.address);
    // The store is read before the mutex is locked: an event loop that returns a slot must never wait for
    // the store.
    const Duration of_address = wait_of(store, address);
    Duration wait = of_address;
    for (const auto& bucket : buckets_of(attempt))
        if (bucket.key != address.key) wait = std::max(wait, wait_of(store, bucket));
    const std::lock_guard lock(mutex_);
    if (auto allowed = check(wait, of_address, address, running(address.key)); !allowed)
        return allowed.error();
    if (running(account) >= most)
        return base::Denied{base::Reason::too_many_attempts, pending_wait,
                            "at most four attempts may run at a time"};
    return Slot(*this, {account, address.key});
}

base::Result<AttemptsInFlight::Slot> AttemptsInFlight::enter_address(Store& store,
                                                                     const std::string& address) {
    const Bucket bucket = address_bucket(address);
    const Duration wait = wait_of(store, bucket);
    const std::lock_guard lock(mutex_);
    if (auto allowed = check(wait, wait, bucket, running(bucket.key)); !allowed) return allowed.error();
    return Slot(*this, {bucket.key});
}

AttemptsInFlight::Slot::Slot(AttemptsInFlight& all, std::vector<std::string> keys)
    : all_(&all), keys_(std::move(keys)) {
    for (const auto& key : keys_) ++all.running_[key];
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
