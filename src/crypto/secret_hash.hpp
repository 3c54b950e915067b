// SPDX-License-Identifier: Apache-2.0
// The SHA-256 of a random secret, as the store keeps it: enough for a secret of 128 bits that nobody chose.
// Its only comparison takes constant time.
#pragma once

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace coatcheck::crypto {

class SecretHash {
public:
    // Empty: of no secret. Equals only another empty one.
    SecretHash() = default;
    // The bytes that the store has.
    SecretHash(std::string bytes) : bytes_(std::move(bytes)) {}
    SecretHash(const char* bytes) : bytes_(bytes) {}
    static SecretHash of(std::string_view secret) { return SecretHash(sha256(secret)); }

    const std::string& bytes() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }

    friend bool operator==(const SecretHash& one, const SecretHash& other) {
        return base::equal_in_constant_time(one.bytes_, other.bytes_);
    }

private:
    std::string bytes_;
};

}  // namespace coatcheck::crypto
