// SPDX-License-Identifier: Apache-2.0
// Hash functions. Any thread may call both.
#pragma once

#include <string>
#include <string_view>

namespace coatcheck::crypto {

// The SHA-256 digest (FIPS 180-4), 32 bytes. Throws if OpenSSL fails.
std::string sha256(std::string_view bytes);

// The HMAC-SHA256 (RFC 2104), 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace coatcheck::crypto
