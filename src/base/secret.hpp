// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace coatcheck::base {

// Overwrites memory in a way that the optimiser keeps.
void wipe(std::string& bytes);

// A password, key or token: wiped when it goes, cannot be printed, compared in constant time.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
    Secret& operator=(Secret&& other) noexcept {
        wipe(bytes_);
        bytes_ = std::move(other.bytes_);
        wipe(other.bytes_);
        return *this;
    }
    ~Secret() { wipe(bytes_); }

    // The bytes, for the one place that needs them. Never log or copy what this returns.
    std::string_view reveal() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }
    friend bool operator==(const Secret& a, const Secret& b) {
        return equal_in_constant_time(a.bytes_, b.bytes_);
    }

private:
    std::string bytes_;
};

}  // namespace coatcheck::base
