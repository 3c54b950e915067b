// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include "base/bytes.hpp"

#include <gtest/gtest.h>
#include <sodium.h>
#include <sysexits.h>
#include <array>
#include <unordered_set>

namespace coatcheck::base {
namespace {

TEST(RandomId, IsSixteenBytesInTheirOneSpelling) {
    for (int i = 0; i < 1000; ++i) {
        const std::string id = random_id();
        ASSERT_EQ(id.size(), 22u);
        const auto bytes = from_base64url(id);
        ASSERT_TRUE(bytes) << id;
        ASSERT_EQ(bytes->size(), 16u);
    }
}

TEST(RandomId, NeverComesTwice) {
    std::unordered_set<std::string> seen;
    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(seen.insert(random_id()).second);
}

TEST(RandomBytes, GivesAsManyAsAsked) {
    for (std::size_t count : {0u, 1u, 15u, 16u, 32u, 4096u}) EXPECT_EQ(random_bytes(count).size(), count);
}

TEST(RandomBytes, EveryBitIsSetAboutHalfTheTime) {
    // Each bit is sampled 8000 times. 4000 +- 450 is ten standard deviations, so chance alone fails this test
    // once in 10^22 runs.
    std::array<int, 64> set{};
    for (int i = 0; i < 8000; ++i) {
        const std::string bytes = random_bytes(8);
        for (std::size_t bit = 0; bit < 64; ++bit) set[bit] += bytes[bit / 8] >> (bit % 8) & 1;
    }
    for (int count : set) EXPECT_NEAR(count, 4000, 450);
}

// Row 52 of the issue "Promises that hold": it ended without a line.
TEST(RandomDeathTest, TheEndForWantOfRandomBytesIsExplained) {
    EXPECT_EXIT(
        {
            explain_missing_random();
            sodium_misuse();  // what libsodium calls then
        },
        testing::ExitedWithCode(EX_OSERR), "the system gives no random bytes");
}

}  // namespace
}  // namespace coatcheck::base
