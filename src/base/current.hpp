// SPDX-License-Identifier: Apache-2.0
// A value that is replaced as a whole while others use it, such as keys. Each
// user keeps the value that it got.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace coatcheck::base {

// Any thread may call any member.
template <class T>
class Current {
public:
    Current() = default;
    explicit Current(T value) : value_(std::make_shared<const T>(std::move(value))) {}

    // nullptr: there is none yet.
    std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void replace(T value) {
        auto next = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(mutex_);
        value_.swap(next);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace coatcheck::base
