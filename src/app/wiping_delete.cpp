// SPDX-License-Identifier: Apache-2.0
// Every piece of memory that this program's C++ code gives back is overwritten first: buffers of connections,
// forms, answers, coroutines. So passwords and tokens do not stay in freed memory, whichever object held
// them. The libraries in C (OpenSSL, SQLite, libpq) manage their memory themselves.
//
// Sanitizers bring their own operators.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <malloc.h>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

void wipe_and_free(void* memory, std::size_t size) noexcept {
    if (memory == nullptr) return;
    ::explicit_bzero(memory, size);
    std::free(memory);
}
void wipe_and_free(void* memory) noexcept { wipe_and_free(memory, ::malloc_usable_size(memory)); }

}  // namespace

// The operators for arrays call these. The standard library's `new` takes its memory from malloc() and
// aligned_alloc(). Where the size is given, it is the whole size that was asked for.
void operator delete(void* memory) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t size) noexcept { wipe_and_free(memory, size); }
void operator delete(void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t size, std::align_val_t) noexcept {
    wipe_and_free(memory, size);
}

#endif
