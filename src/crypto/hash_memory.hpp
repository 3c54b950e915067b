// SPDX-License-Identifier: Apache-2.0
// Memory for password hashes that stays warm. libsodium maps, zeroes and unmaps 19 MiB for each Argon2id,
// which takes the kernel as long as the hash itself. Its mmap() and munmap() are bound to ours at link time
// (--wrap, in CMakeLists.txt): a thread's hashes share one piece of memory in huge pages, left out of core
// dumps.
#pragma once

#include <cstddef>

namespace coatcheck::crypto {

// What one hash of hash_password() needs; the thread's warm memory is of this size.
inline constexpr std::size_t hash_memory_bytes = 19456ull * 1024;

// Gives this thread's memory back to the system, and with it what the last hash left there. To be called on a
// hashing thread that has had nothing to do for a while; the next hash there is a cold one.
void release_hash_memory();

}  // namespace coatcheck::crypto
