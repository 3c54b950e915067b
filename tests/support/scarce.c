// SPDX-License-Identifier: Apache-2.0
// Preloaded into a server, this library lets one allocation in N fail. N stands in the eight bytes of the
// file $SCARCE_MEMORY_FILE, which is mapped: another process changes N while the server runs. 0: none fails.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static const volatile int64_t none = 0;
static const volatile int64_t* one_in = &none;
static _Thread_local uint64_t state;
static atomic_uint_fast64_t seeds = 1;

__attribute__((constructor)) static void start(void) {
    const char* path = getenv("SCARCE_MEMORY_FILE");
    const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void* mapped = mmap(NULL, sizeof *one_in, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) one_in = mapped;
    close(file);
}

static int fails(void) {
    const int64_t n = *one_in;
    if (n == 0) return 0;
    if (state == 0) state = atomic_fetch_add(&seeds, 1) * 0x9E3779B97F4A7C15u | 1;
    state ^= state << 13;  // xorshift64
    state ^= state >> 7;
    state ^= state << 17;
    if (state % (uint64_t)n != 0) return 0;
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }
void* aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}
