// SPDX-License-Identifier: Apache-2.0
// Store operations on revocations. When a step commits, its revocations are in force on this node before
// its request is answered, and all other verifiers are told at once.
#pragma once

#include "verify/revocations.hpp"

#include <string>
#include <vector>

namespace coatcheck::auth {

class RevocationReads {
public:
    virtual ~RevocationReads() = default;
    virtual std::vector<verify::Revocation> load_revocations() = 0;
    // The entries of one session or user, including those that this step has inserted.
    virtual std::vector<verify::Revocation> find_revocations(const std::string& subject) = 0;
    // Distinguishes the ids of this feed from those of a database that was restored from a copy
    // (auth/revocation/log.hpp).
    virtual std::string feed_epoch() = 0;
};

class RevocationWrites {
public:
    virtual ~RevocationWrites() = default;
    virtual void insert_revocation(const verify::Revocation& entry) = 0;
};

}  // namespace coatcheck::auth
