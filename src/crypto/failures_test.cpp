// SPDX-License-Identifier: Apache-2.0
// Issue 18, row 42: a failure of ours, such as a failed allocation, was taken for a forged signature, which
// verifiers remember, and for a wrong password, which locks the user out.
#include "crypto/hash_memory.hpp"
#include "crypto/password_hash.hpp"
#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <new>

// The sanitizers have an allocator of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace coatcheck::crypto {
namespace {

thread_local int allocations_left = -1;  // of this thread; -1: as many as it wants

bool may_allocate() {
    if (allocations_left < 0) return true;
    if (allocations_left > 0) return --allocations_left, true;
    errno = ENOMEM;
    return false;
}

}  // namespace
}  // namespace coatcheck::crypto

// They take the place of the C library's own, for OpenSSL too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);

void* malloc(std::size_t size) { return coatcheck::crypto::may_allocate() ? __libc_malloc(size) : nullptr; }
void* calloc(std::size_t count, std::size_t size) {
    return coatcheck::crypto::may_allocate() ? __libc_calloc(count, size) : nullptr;
}
void* realloc(void* old, std::size_t size) {
    return coatcheck::crypto::may_allocate() ? __libc_realloc(old, size) : nullptr;
}
}

namespace coatcheck::crypto {
namespace {

class Failures : public testing::TestWithParam<Algorithm> {};

TEST_P(Failures, OfAnAllocationAreNoForgery) {
    const auto key = SigningKey::generate(GetParam());
    const std::string message = "a message", signature = key.sign(message);
    const PublicKey public_key = key.public_key();
    ASSERT_TRUE(public_key.verify(message, signature));
    int failed = 0;
    for (int left = 0;; ++left) {
        ASSERT_LT(left, 10'000);
        allocations_left = left;
        bool good = false, thrown = false;
        try {
            good = public_key.verify(message, signature);
        } catch (const std::exception&) {
            thrown = true;
        }
        const bool all_were_allowed = allocations_left > 0;
        allocations_left = -1;
        ASSERT_TRUE(good || thrown) << "refused after " << left << " allocations";
        failed += thrown;
        if (all_were_allowed) break;
    }
    EXPECT_GT(failed, 0);
    EXPECT_TRUE(public_key.verify(message, signature));
    EXPECT_FALSE(public_key.verify("another message", signature));
}

// OpenSSL reports some failures as a success with a size of four gigabytes, or writes nothing.
TEST_P(Failures, OfAnAllocationMakeNoWrongSignatureAndNoWrongKey) {
    const auto key = SigningKey::generate(GetParam());
    const PublicKey public_key = key.public_key();
    const base::Secret der = key.to_pkcs8();
    for (int left = 0;; ++left) {
        ASSERT_LT(left, 10'000);
        std::string signature, exported;
        allocations_left = left;
        try {
            signature = key.sign("a message");
            exported = key.to_pkcs8().reveal();
        } catch (const std::exception&) {
            // All that was made before is right.
        }
        const bool all_were_allowed = allocations_left > 0;
        allocations_left = -1;
        if (!signature.empty()) {
            ASSERT_TRUE(public_key.verify("a message", signature)) << left;
        }
        if (!exported.empty()) {
            ASSERT_EQ(exported, der.reveal()) << left;
        }
        if (all_were_allowed) break;
    }
}

// Followers of a key set would miss a key that was read at such a moment.
TEST_P(Failures, OfAnAllocationMakeNoKeyMalformed) {
    const PublicKey key = SigningKey::generate(GetParam()).public_key();
    const auto read = [&]() -> std::optional<PublicKey> {
        switch (GetParam()) {
            case Algorithm::es256: return PublicKey::from_ec_p256(key.parameter('x'), key.parameter('y'));
            case Algorithm::eddsa: return PublicKey::from_ed25519(key.parameter('x'));
            default: return PublicKey::from_rsa(GetParam(), key.parameter('n'), key.parameter('e'));
        }
    };
    for (int left = 0;; ++left) {
        ASSERT_LT(left, 10'000);
        bool thrown = false, good = false;
        allocations_left = left;
        try {
            good = read().has_value();
        } catch (const std::exception&) {
            thrown = true;
        }
        const bool all_were_allowed = allocations_left > 0;
        allocations_left = -1;
        ASSERT_TRUE(good || thrown) << "malformed after " << left << " allocations";
        if (all_were_allowed) break;
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Failures,
                         testing::Values(Algorithm::es256, Algorithm::rs256, Algorithm::ps256,
                                         Algorithm::eddsa),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(PasswordFailures, OfTheMemoryOfArgon2AreNoWrongPassword) {
    // Of "password", with 64 MiB.
    const std::string hash =
        "$argon2id$v=19$m=65536,t=2,p=1$qqjg7uFHSXR64E89LOV8fg$+4yPRm"
        "bWFwwAp0IJxc/bcY0QeubPN00cyhuBcef4q10";
    ASSERT_TRUE(password_matches(hash, "password"));
    ASSERT_FALSE(password_matches(hash, "wrong"));
    release_hash_memory();
    rlimit before{};
    getrlimit(RLIMIT_AS, &before);
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages;
    const rlimit tight{pages * 4096 + (32U << 20), before.rlim_max};
    setrlimit(RLIMIT_AS, &tight);
    bool thrown = false;
    try {
        (void)password_matches(hash, "password");
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    setrlimit(RLIMIT_AS, &before);
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(password_matches(hash, "password"));
}

class PasswordFailuresOf : public testing::TestWithParam<const char*> {};

TEST_P(PasswordFailuresOf, AnAllocationAreNoWrongPassword) {
    const std::string hash = GetParam();
    ASSERT_TRUE(password_matches(hash, "password"));
    int failed = 0;
    for (int left = 0;; ++left) {
        allocations_left = left;
        bool same = false, thrown = false;
        try {
            same = password_matches(hash, "password");
        } catch (const std::bad_alloc&) {
            thrown = true;
        }
        const bool all_were_allowed = allocations_left > 0;
        allocations_left = -1;
        ASSERT_TRUE(same || thrown) << "wrong after " << left << " allocations";
        failed += thrown;
        if (all_were_allowed) break;
    }
    EXPECT_GT(failed, 0);
    EXPECT_FALSE(password_matches(hash, "another password"));
}

// Of "password": by Django's algorithm, and by ours with 8 MiB.
INSTANTIATE_TEST_SUITE_P(
    Hashes, PasswordFailuresOf,
    testing::Values(
        "pbkdf2_sha256$1000$c2FsdA$f1DWjE/ORPgwJ/B8q8mr0qXGXsH4eOHXyTOLXalPKOE=",
        "$argon2id$v=19$m=8192,t=2,p=1$G7h/hBQFvFdkh8uMJ8lOTQ$mabPlf2jOO92lQoNjmlzGFTw2D0V6ePHd+QaiL2ykxg"));

}  // namespace
}  // namespace coatcheck::crypto

#endif
