// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <sodium.h>

namespace coatcheck::base {

void wipe(std::string& bytes) {
    // A short string keeps its bytes inside the object, so wipe the whole capacity.
    bytes.resize(bytes.capacity());
    sodium_memzero(bytes.data(), bytes.size());
    bytes.clear();
}

[[gnu::noinline]] void wipe_stack() {
    char room[8192];
    sodium_memzero(room, sizeof room);
}

}  // namespace coatcheck::base
