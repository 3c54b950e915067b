// SPDX-License-Identifier: Apache-2.0
// The reference for a sign-in: password hashes per second of libsodium's Argon2id (m = 19456 KiB, t = 2, p =
// 1).
//
//   raw_argon2id hash                                 prints the hash of the password on standard input
//   raw_argon2id plain|warm WARM-UP SECONDS THREADS   prints the verifications per second
//   raw_argon2id version
//
// libsodium maps, zeroes and unmaps 19 MiB for each hash. `warm` avoids that: this program's mmap() and
// munmap() replace those of the C library, and always give a thread the same piece of memory, in huge pages.
#include "timed_threads.hpp"

#include <sodium.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = 19456ull * 1024;
constexpr std::size_t arena_bytes = 20ull << 20;
constexpr std::size_t huge_page_bytes = 2ull << 20;

bool is_warm = false;
thread_local void* arena = nullptr;

void* map(void* where, std::size_t bytes, int protection, int flags, int file, long offset) {
    return reinterpret_cast<void*>(syscall(SYS_mmap, where, bytes, protection, flags, file, offset));
}

void* warm_memory() {
    if (arena != nullptr) return arena;
    void* found = map(nullptr, arena_bytes + huge_page_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) return found;
    const auto address = (reinterpret_cast<std::size_t>(found) + huge_page_bytes - 1) / huge_page_bytes *
                         huge_page_bytes;
    arena = reinterpret_cast<void*>(address);
    madvise(arena, arena_bytes, MADV_HUGEPAGE);
    return arena;
}

std::string hash_of(const std::string& password) {
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(hash, password.data(), password.size(), passes, memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        std::exit(1);
    return hash;
}

}  // namespace

extern "C" void* mmap(void* where, std::size_t bytes, int protection, int flags, int file,
                      off_t offset) noexcept {
    const bool is_hash = is_warm && where == nullptr && (flags & MAP_ANONYMOUS) != 0 &&
                         bytes >= memory_bytes && bytes <= arena_bytes;
    return is_hash ? warm_memory() : map(where, bytes, protection, flags, file, offset);
}

extern "C" int munmap(void* where, std::size_t bytes) noexcept {
    if (where != nullptr && where == arena) return 0;
    return static_cast<int>(syscall(SYS_munmap, where, bytes));
}

int main(int count, char** words) {
    if (sodium_init() < 0) return 1;
    const std::string what = count > 1 ? words[1] : "";
    if (what == "version") return std::printf("%s\n", sodium_version_string()) < 0;
    if (what == "hash") {
        char password[1024];
        if (std::fgets(password, sizeof password, stdin) == nullptr) return 1;
        password[std::strcspn(password, "\n")] = '\0';
        return std::printf("%s\n", hash_of(password).c_str()) < 0;
    }
    if ((what != "plain" && what != "warm") || count != 5) return 2;
    is_warm = what == "warm";

    const std::string password = "nine violet otters paint lanterns";
    const std::string hash = hash_of(password);
    if (crypto_pwhash_str_verify(hash.c_str(), "another password", 16) == 0) return 1;
    const auto verify = [&] {
        if (crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) != 0) std::exit(1);
    };
    const double rate = rate_on_threads(static_cast<unsigned>(std::atoi(words[4])), std::atof(words[2]),
                                        std::atof(words[3]),
                                        [&](unsigned) { return std::function<void()>(verify); });
    std::printf("{\"rate\": %.3f}\n", rate);
}
