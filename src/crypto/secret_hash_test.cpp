// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret_hash.hpp"

#include <gtest/gtest.h>
#include <concepts>

namespace coatcheck::crypto {
namespace {

TEST(SecretHash, IsTheSha256OfTheSecret) {
    EXPECT_EQ(SecretHash::of("abc").bytes(), sha256("abc"));
    EXPECT_TRUE(SecretHash::of("abc") == SecretHash(sha256("abc")));
    EXPECT_FALSE(SecretHash::of("abc") == SecretHash::of("abd"));
}

TEST(SecretHash, OfNoSecretEqualsNoOther) {
    EXPECT_TRUE(SecretHash() == SecretHash());
    EXPECT_FALSE(SecretHash() == SecretHash::of(""));
}

// Ordering or hashing would compare byte by byte, and stop at the first difference.
static_assert(!std::totally_ordered<SecretHash>);

}  // namespace
}  // namespace coatcheck::crypto
