// SPDX-License-Identifier: Apache-2.0
// Store operations on the audit log.
#pragma once

#include "auth/types.hpp"

#include <vector>

namespace coatcheck::auth {

class AuditReads {
public:
    virtual ~AuditReads() = default;
    virtual std::vector<AuditEvent> list_audit(std::size_t limit) = 0;  // latest first
};

class AuditWrites {
public:
    virtual ~AuditWrites() = default;
    virtual void append_audit(const AuditEvent& event) = 0;
};

}  // namespace coatcheck::auth
