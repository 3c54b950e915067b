// SPDX-License-Identifier: Apache-2.0
// Random bytes and ids. Any thread may call these functions.
#pragma once

#include <cstddef>
#include <string>

namespace coatcheck::base {

// Returns `count` bytes of the operating system's CSPRNG (getrandom through libsodium). Ends the process if
// there is none.
std::string random_bytes(std::size_t count);

// From now on, a process that ends because there are no random bytes says so on standard error.
void explain_missing_random();

// 128 random bits as 22 base64url characters: the form of every id that Coatcheck makes.
std::string random_id();

}  // namespace coatcheck::base
