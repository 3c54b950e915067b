// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash_memory.hpp"

#include "crypto/password_hash.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace coatcheck::crypto {
namespace {

void* map_hash_memory() {
    return mmap(nullptr, hash_memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// How many kilobytes of this process are in memory.
long resident_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    return -1;
}

TEST(HashMemory, HashesOfOneThreadShareAPiece) {
    void* first = map_hash_memory();
    ASSERT_NE(first, MAP_FAILED);
    ASSERT_EQ(munmap(first, hash_memory_bytes), 0);
    void* second = map_hash_memory();
    EXPECT_EQ(second, first);
    void* third = map_hash_memory();  // the piece is lent, so this one comes from the system
    EXPECT_NE(third, first);
    EXPECT_EQ(munmap(third, hash_memory_bytes), 0);
    EXPECT_EQ(munmap(second, hash_memory_bytes), 0);
}

TEST(HashMemory, AHashUsesIt) {
    const std::string hash = hash_password("nine violet otters");
    auto* piece = static_cast<const unsigned char*>(map_hash_memory());
    bool is_used = false;
    for (std::size_t i = 0; i < hash_memory_bytes && !is_used; i += 512) is_used = piece[i] != 0;
    munmap(const_cast<unsigned char*>(piece), hash_memory_bytes);
    EXPECT_TRUE(is_used) << "libsodium maps memory of its own: is it linked statically, with --wrap?";
    EXPECT_TRUE(password_matches(hash, "nine violet otters"));
}

TEST(HashMemory, ReleasedItIsEmptyAndGivenBack) {
    hash_password("nine violet otters");
    const long warm = resident_kb();
    release_hash_memory();
    EXPECT_LT(resident_kb(), warm - 15'000);
    auto* piece = static_cast<const unsigned char*>(map_hash_memory());
    for (std::size_t i = 0; i < hash_memory_bytes; i += 512) ASSERT_EQ(piece[i], 0);
    munmap(const_cast<unsigned char*>(piece), hash_memory_bytes);
}

TEST(HashMemory, OtherSizesAreTheSystems) {
    void* lent = map_hash_memory();
    void* other = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(other, MAP_FAILED);
    EXPECT_EQ(munmap(other, 4096), 0);
    munmap(lent, hash_memory_bytes);
}

TEST(HashMemory, ConcurrentThreadsHaveTheirOwn) {
    std::string hashes[4];
    std::thread threads[4];
    for (int i = 0; i < 4; ++i)
        threads[i] = std::thread([&, i] { hashes[i] = hash_password("password " + std::to_string(i)); });
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(password_matches(hashes[i], "password " + std::to_string(i)));
}

}  // namespace
}  // namespace coatcheck::crypto
