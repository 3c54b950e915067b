// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash_memory.hpp"

#include <sys/mman.h>
#include <cstdint>

// The linker option `--wrap=mmap` sends calls of mmap() to __wrap_mmap(); __real_mmap() is the original. The
// same goes for munmap().
extern "C" void* __real_mmap(void* where, std::size_t bytes, int protection, int flags, int file,
                             off_t offset);
extern "C" int __real_munmap(void* where, std::size_t bytes);

namespace coatcheck::crypto {
namespace {

constexpr std::size_t huge_page_bytes = 2ull << 20;
constexpr std::size_t arena_bytes = (hash_memory_bytes + huge_page_bytes - 1) / huge_page_bytes *
                                    huge_page_bytes;

struct Arena {
    void* mapped = nullptr;  // with room to align `memory` to huge pages
    void* memory = nullptr;
    bool lent = false;

    ~Arena() {
        if (mapped != nullptr) __real_munmap(mapped, arena_bytes + huge_page_bytes);
    }

    // Returns null if the memory is lent already, or cannot be mapped.
    void* lend() {
        if (lent) return nullptr;
        if (mapped == nullptr) {
            void* found = __real_mmap(nullptr, arena_bytes + huge_page_bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (found == MAP_FAILED) return nullptr;
            mapped = found;
            const auto address = reinterpret_cast<std::uintptr_t>(found) + huge_page_bytes - 1;
            memory = reinterpret_cast<void*>(address / huge_page_bytes * huge_page_bytes);
            (void)madvise(memory, arena_bytes, MADV_HUGEPAGE);  // normal pages serve as well
            (void)madvise(memory, arena_bytes, MADV_DONTDUMP);
        }
        lent = true;
        return memory;
    }
};

thread_local Arena arena;

}  // namespace

void release_hash_memory() {
    if (arena.mapped != nullptr && !arena.lent) (void)madvise(arena.memory, arena_bytes, MADV_DONTNEED);
}

}  // namespace coatcheck::crypto

// All other mappings go to the system, also those of hashes with other costs (imported ones).
extern "C" void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file,
                             off_t offset) {
    if (where == nullptr && bytes == coatcheck::crypto::hash_memory_bytes && (flags & MAP_ANONYMOUS) != 0)
        if (void* memory = coatcheck::crypto::arena.lend()) return memory;
    return __real_mmap(where, bytes, protection, flags, file, offset);
}

extern "C" int __wrap_munmap(void* where, std::size_t bytes) {
    auto& arena = coatcheck::crypto::arena;
    if (!arena.lent || where != arena.memory) return __real_munmap(where, bytes);
    arena.lent = false;
    return 0;
}
