// SPDX-License-Identifier: Apache-2.0
#include "web/session/watchers.hpp"

#include "base/reason.hpp"

namespace coatcheck::web {

base::Result<Watchers::Place> Watchers::enter(const std::string& user) {
    Place place(*this, user);  // without memory for it, nothing has been counted
    const std::lock_guard lock(mutex_);
    if (all_open_ >= most_) {
        place.all_ = nullptr;
        return base::Denied{base::Reason::busy, std::chrono::seconds(30)};
    }
    int& open = open_[user];
    if (open >= most_of_user) {
        place.all_ = nullptr;
        return base::Denied{base::Reason::too_many_attempts, std::chrono::seconds(30),
                            "a user can have at most 32 event streams"};
    }
    ++open;
    ++all_open_;
    return place;
}

Watchers::Place::~Place() {
    if (all_ == nullptr) return;
    const std::lock_guard lock(all_->mutex_);
    --all_->all_open_;
    const auto row = all_->open_.find(user_);
    if (row != all_->open_.end() && --row->second == 0) all_->open_.erase(row);
}

}  // namespace coatcheck::web
