// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/unanswered.hpp"

#include <algorithm>

namespace coatcheck::store {
namespace {

constexpr std::chrono::hours remembered{1};
// Further ones are not remembered.
constexpr std::size_t most = 100'000;

}  // namespace

void UnansweredRotations::add(const UnansweredRotation& rotation) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    forget_old(now);
    if (known_.size() < most) known_.emplace(rotation.session, Known{rotation, now + remembered});
}

void UnansweredRotations::forget_old(Clock::time_point now) {
    if (now < next_look_) return;
    next_look_ = now + std::chrono::minutes(1);
    std::erase_if(known_, [now](const auto& row) { return row.second.until < now; });
}

bool UnansweredRotations::contains(const UnansweredRotation& rotation) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = known_.equal_range(rotation.session);
    return std::any_of(begin, end, [&](const auto& row) {
        return row.second.rotation == rotation && row.second.until >= now;
    });
}

void UnansweredRotations::forget(const UnansweredRotation& rotation) {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = known_.equal_range(rotation.session);
    for (auto row = begin; row != end;) row = row->second.rotation == rotation ? known_.erase(row) : ++row;
}

}  // namespace coatcheck::store
