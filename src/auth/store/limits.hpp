// SPDX-License-Identifier: Apache-2.0
// Store operations on limits. A bucket is stored as the time at which it will be empty (the theoretical
// arrival time of GCRA).
#pragma once

#include "auth/types.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

class LimitReads {
public:
    virtual ~LimitReads() = default;
    // When the bucket will be empty; nullopt if there is no such bucket.
    virtual std::optional<Timestamp> find_bucket(const std::string& key) = 0;
};

class LimitWrites {
public:
    virtual ~LimitWrites() = default;
    // Charges the bucket once: it will be empty `refill` later than before. A bucket that is absent or
    // empty will be empty `refill` from now.
    virtual void charge_bucket(const std::string& key, Duration refill) = 0;
    // Forgets all that was charged to the buckets whose keys begin so. `prefix` ends with a byte below 0xff.
    virtual void empty_buckets(const std::string& prefix) = 0;
};

}  // namespace coatcheck::auth
