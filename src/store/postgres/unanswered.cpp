// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/unanswered.hpp"

#include <utility>

namespace coatcheck::store {
namespace {

constexpr std::chrono::hours remembered{1};
// Of more sessions than this, those that come later are not remembered.
constexpr std::size_t most = 100'000;

}  // namespace

void UnansweredRotations::forget_old(Clock::time_point now) {
    std::erase_if(known_, [now](const auto& row) { return row.second.until < now; });
}

void UnansweredRotations::add(const auth::RotateRequest& request) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    if (known_.size() >= most) forget_old(now);
    if (known_.size() >= most) return;
    known_[request.session] = {request.counter, now + remembered};
    unsettled_.push_back({request.user, request.session, request.counter});
}

bool UnansweredRotations::contains(const std::string& session, std::uint32_t counter) {
    const std::lock_guard lock(mutex_);
    const auto row = known_.find(session);
    if (row == known_.end() || row->second.counter != counter) return false;
    if (row->second.until >= Clock::now()) return true;
    known_.erase(row);
    return false;
}

std::vector<UnansweredRotations::Rotation> UnansweredRotations::take_unsettled() {
    const std::lock_guard lock(mutex_);
    return std::exchange(unsettled_, {});
}

void UnansweredRotations::add_unsettled(Rotation rotation) {
    const std::lock_guard lock(mutex_);
    unsettled_.push_back(std::move(rotation));
}

}  // namespace coatcheck::store
