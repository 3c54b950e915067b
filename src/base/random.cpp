// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include "base/bytes.hpp"

#include <sodium.h>

namespace coatcheck::base {

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

std::string random_id() { return base64url(random_bytes(16)); }

}  // namespace coatcheck::base
