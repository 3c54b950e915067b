// SPDX-License-Identifier: Apache-2.0
#include "auth/limits.hpp"

#include "crypto/digest.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace coatcheck::auth {
namespace {

struct Bucket {
    std::string key;
    int burst;
    Duration refill;  // for one failure
};

std::string network_of(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
    return std::string(reinterpret_cast<const char*>(bytes.data()), 8);
}

Bucket address_bucket(const std::string& address) {
    return {"address " + crypto::sha256(network_of(address)).substr(0, 8), 100, std::chrono::seconds(10)};
}

std::vector<Bucket> buckets_of(const Attempt& attempt) {
    const std::string name = crypto::sha256(attempt.login).substr(0, 2);
    std::vector<Bucket> buckets{
        address_bucket(attempt.address),
        {"pair " + name + crypto::sha256(network_of(attempt.address)).substr(0, 8), 10, std::chrono::minutes(1)}};
    if (!attempt.known_address) buckets.push_back({"name " + name, 50, std::chrono::minutes(1)});
    return buckets;
}

base::Result<void> check(Store& store, const std::vector<Bucket>& buckets) {
    const Timestamp now = store.now();
    Duration wait{0};
    for (const auto& bucket : buckets)
        if (const auto empty_at = store.find_bucket(bucket.key))
            wait = std::max(wait, *empty_at - now - (bucket.burst - 1) * bucket.refill);
    if (wait <= Duration{0}) return {};
    return base::Denied{base::Reason::too_many_attempts, std::chrono::ceil<std::chrono::seconds>(wait)};
}

void charge(Store& store, const std::vector<Bucket>& buckets) {
    const Timestamp now = store.now();
    for (const auto& bucket : buckets) {
        const Timestamp empty_at = std::max(store.find_bucket(bucket.key).value_or(now), now);
        // Never fuller than full: attempts that were in flight together add no wait beyond one refill.
        store.save_bucket(bucket.key, std::min(empty_at + bucket.refill, now + bucket.burst * bucket.refill));
    }
}

}  // namespace

bool same_network(const std::string& a, const std::string& b) { return network_of(a) == network_of(b); }

base::Result<void> check_limits(Store& store, const Attempt& attempt) { return check(store, buckets_of(attempt)); }
void charge_failure(Store& store, const Attempt& attempt) { charge(store, buckets_of(attempt)); }
base::Result<void> check_address(Store& store, const std::string& address) {
    return check(store, {address_bucket(address)});
}
void charge_address(Store& store, const std::string& address) { charge(store, {address_bucket(address)}); }

std::optional<AttemptsInFlight::Slot> AttemptsInFlight::enter(const Attempt& attempt) {
    constexpr int most = 4;
    std::string name = attempt.login;
    if (attempt.known_address) name.append(" from ").append(network_of(attempt.address));
    const std::lock_guard lock(mutex_);
    int& running = running_[name];
    if (running >= most) return std::nullopt;
    ++running;
    return Slot(*this, std::move(name));
}

void AttemptsInFlight::leave(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto row = running_.find(name);
    if (--row->second == 0) running_.erase(row);
}

}  // namespace coatcheck::auth
