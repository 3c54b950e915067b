// SPDX-License-Identifier: Apache-2.0
// Secrets in memory: wiped when they are no longer needed, and never printed.
#pragma once

#include "base/bytes.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace coatcheck::base {

// Overwrites the whole capacity of the string with zeros and empties it. The optimiser cannot remove the
// writes.
void wipe(std::string& bytes);

// Overwrites 8 KiB of the stack below the caller, where functions that have returned had their buffers.
void wipe_stack();

// Holds a password, key or token. It wipes its bytes when it is destroyed, moved from or assigned to. It
// cannot be copied or printed. A comparison takes constant time for equal lengths.
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

    // The bytes, for the code that needs them; valid as long as this Secret is. Never log or copy them.
    std::string_view reveal() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }
    friend bool operator==(const Secret& a, const Secret& b) {
        return equal_in_constant_time(a.bytes_, b.bytes_);
    }

private:
    std::string bytes_;
};

}  // namespace coatcheck::base
