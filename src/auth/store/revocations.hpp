// SPDX-License-Identifier: Apache-2.0
// The store's verbs for revocations. A revocation reaches every verifier when its step commits, before its
// request goes on.
#pragma once

#include "verify/revocations.hpp"

#include <string>
#include <vector>

namespace coatcheck::auth {

class RevocationReads {
public:
    virtual ~RevocationReads() = default;
    virtual std::vector<verify::Revocation> load_revocations() = 0;
    // Those of one session or user, including what this step has done.
    virtual std::vector<verify::Revocation> find_revocations(const std::string& subject) = 0;
    // Tells ids of revocations apart from those of a restored copy (auth/revocation_log.hpp).
    virtual std::string feed_epoch() = 0;
};

class RevocationWrites {
public:
    virtual ~RevocationWrites() = default;
    virtual void insert_revocation(const verify::Revocation& entry) = 0;
};

}  // namespace coatcheck::auth
