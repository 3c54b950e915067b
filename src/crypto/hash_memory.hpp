// SPDX-License-Identifier: Apache-2.0
// Keeps the memory for password hashes mapped between hashes. libsodium maps, zeroes and unmaps 19 MiB for
// each Argon2id hash, and the kernel needs as long for that as the hash itself. The linker binds libsodium's
// mmap() and munmap() to the functions of this module (--wrap, in CMakeLists.txt). So all hashes of one
// thread use the same piece of memory. It is in huge pages and not in core dumps.
#pragma once

#include <cstddef>

namespace coatcheck::crypto {

// How much memory one hash of hash_password() maps. Only mappings of this size use the thread's piece.
inline constexpr std::size_t hash_memory_bytes = 19456ull * 1024;

// Gives the calling thread's piece of memory back to the system, with the data that the last hash left in it.
// Call this on a hashing thread that has been idle for a while. The next hash on that thread is slower.
void release_hash_memory();

}  // namespace coatcheck::crypto
