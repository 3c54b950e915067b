// SPDX-License-Identifier: Apache-2.0
// IP addresses as limits see them.
#pragma once

#include <string>

namespace coatcheck::base {

// Returns the part of an address that limits count as one client: an IPv4 address in full, as text; of an
// IPv6 address the first 64 bits, as 8 raw bytes, because one household or machine has all addresses below
// them (RFC 6177 §2), and no zone (RFC 4007 §11). Text that is no address is returned as it is. The listeners
// and X-Forwarded-For never give an IPv4-mapped IPv6 address.
std::string network_of(const std::string& address);

}  // namespace coatcheck::base
