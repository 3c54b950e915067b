// SPDX-License-Identifier: Apache-2.0
// The store's verbs for limits: buckets, each with the time when it will be empty again (the theoretical
// arrival time of GCRA).
#pragma once

#include "auth/types.hpp"

#include <optional>
#include <string>

namespace coatcheck::auth {

class LimitReads {
public:
    virtual ~LimitReads() = default;
    virtual std::optional<Timestamp> find_bucket(const std::string& key) = 0;
};

class LimitWrites {
public:
    virtual ~LimitWrites() = default;
    // Counts one more: a bucket that is absent or empty will be empty `refill` from now, another one that
    // much later than before.
    virtual void charge_bucket(const std::string& key, Duration refill) = 0;
};

}  // namespace coatcheck::auth
