// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace coatcheck::base {

// `count` bytes of the operating system's CSPRNG (getrandom through libsodium). Aborts if there is none.
std::string random_bytes(std::size_t count);

// 128 random bits as 22 base64url characters: every id that Coatcheck makes.
std::string random_id();

}  // namespace coatcheck::base
