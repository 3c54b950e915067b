// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include "base/reason.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace coatcheck::base {
namespace {

TEST(Result, HoldsAValueOrARefusal) {
    const Result<int> good = 7;
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 7);
    const Result<int> bad = Denied{Reason::not_found, {}, "there is none"};
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().reason, Reason::not_found);
    EXPECT_EQ(bad.error().detail, "there is none");
    const Result<int> brief = Reason::busy;
    EXPECT_EQ(brief.error().reason, Reason::busy);
}

TEST(Result, MovesWhatItHolds) {
    Result<std::unique_ptr<int>> held = std::make_unique<int>(3);
    const std::unique_ptr<int> taken = *std::move(held);
    EXPECT_EQ(*taken, 3);
}

TEST(Result, OfNothingSucceedsOrRefuses) {
    EXPECT_TRUE(Result<void>());
    const Result<void> bad = Reason::not_found;
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().reason, Reason::not_found);
}

// A success has no error: an `else` that belonged to another `if` once read it, and got token_missing.
TEST(ResultDeathTest, AskingForWhatIsNotThereAborts) {
    const Result<int> good = 7, bad = Reason::not_found;
    EXPECT_DEATH((void)good.error(), "the error of a success");
    EXPECT_DEATH((void)*bad, "the value of a refusal");
    EXPECT_DEATH((void)Result<void>().error(), "the error of a success");
}

}  // namespace
}  // namespace coatcheck::base
