// SPDX-License-Identifier: Apache-2.0
// A rotation whose commit was not answered (issue 18, row 54): its client asks again with the token of
// before.
#include "store/postgres/unanswered.hpp"
#include "store/postgres/nodes_for_tests.hpp"

#include <gtest/gtest.h>
#include <array>
#include <memory>

namespace coatcheck::store {
namespace {

using Outcome = auth::Rotation::Outcome;

// Two nodes with a connection each.
struct Unanswered : testing::Test {
    std::string url = PostgresServer::shared().fresh_url();
    base::Timestamp now = base::from_unix_seconds(1'800'000'000);
    std::function<base::Timestamp()> clock = [this] { return now; };
    UnansweredRotations known, known_elsewhere;
    std::unique_ptr<PostgresStore> node, other;

    void SetUp() override {
        node = connect(known);
        node->migrate();
        other = connect(known_elsewhere);
        node->begin();
        ASSERT_TRUE(node->insert_user(user("u1")));
        auto one = session("s1", "u1", now);
        one.idle_end = one.absolute_end = now + 48h;
        ASSERT_TRUE(node->insert_session(one, "h"));
        node->commit();
    }
    std::unique_ptr<PostgresStore> connect(UnansweredRotations& rotations) {
        return std::make_unique<PostgresStore>(PostgresAddress{url}, PostgresDatabase::Prepare::kept, clock,
                                               nullptr, &rotations);
    }
    Outcome rotate(PostgresStore& store, std::uint32_t counter) {
        store.begin();
        const auto outcome = store.rotate_refresh(request("s1", "u1", counter)).outcome;
        store.commit();
        return outcome;
    }
    // The row as the last transaction has left it, if it sent a rotation of the session's first token.
    std::optional<UnansweredRotation> left() const { return node->left_by(request("s1", "u1", 0)); }
    // Rotates the session's first token, and nobody gets the answer.
    UnansweredRotation lose_an_answer() {
        EXPECT_EQ(rotate(*node, 0), Outcome::rotated);
        EXPECT_TRUE(left());
        known.add(*left());
        return *left();
    }
    std::vector<UnansweredRotation> renew(const UnansweredRotation& rotation) {
        node->begin();
        auto renewed = node->renew_graces(std::array{rotation});
        node->commit();
        return renewed;
    }
};

TEST_F(Unanswered, AFreshGraceBeginsWhenItsClientComesBack) {
    lose_an_answer();
    now += 30min;
    EXPECT_EQ(rotate(*other, 0), Outcome::reused) << "another node knows nothing of it";
    EXPECT_EQ(rotate(*node, 0), Outcome::repeated);
    now += 29s;
    EXPECT_EQ(rotate(*other, 0), Outcome::repeated) << "it does now";
    now += 1s;
    EXPECT_EQ(rotate(*node, 0), Outcome::reused) << "once";
}

TEST_F(Unanswered, ARepeatThatIsNotAnsweredEitherIsRemembered) {
    lose_an_answer();
    now += 30min;
    EXPECT_EQ(rotate(*node, 0), Outcome::repeated);
    ASSERT_TRUE(left());
    known.add(*left());
    now += 10min;
    EXPECT_EQ(rotate(*node, 0), Outcome::repeated);
}

TEST_F(Unanswered, WhoGotTheSuccessorElsewhereHasItsGraceOnly) {
    const auto rotation = lose_an_answer();
    EXPECT_EQ(rotate(*other, 0), Outcome::repeated) << "at the same moment: this client has the successor";
    now += 31s;
    EXPECT_TRUE(renew(rotation).empty());
    EXPECT_EQ(rotate(*node, 0), Outcome::reused);
}

TEST_F(Unanswered, WhoWentOnHasNoSecondWay) {
    const auto rotation = lose_an_answer();
    EXPECT_EQ(rotate(*other, 1), Outcome::rotated);
    now += 31s;
    EXPECT_TRUE(renew(rotation).empty());
    EXPECT_EQ(rotate(*node, 0), Outcome::reused);
}

TEST_F(Unanswered, ARenewedGraceHoldsAtEveryNode) {
    const auto rotation = lose_an_answer();
    now += 30min;
    EXPECT_EQ(renew(rotation), std::vector{rotation});
    EXPECT_TRUE(renew(rotation).empty()) << "once";
    EXPECT_EQ(rotate(*other, 0), Outcome::repeated);
    now += 30s;
    EXPECT_EQ(rotate(*other, 0), Outcome::reused);
}

TEST_F(Unanswered, ALockedRowIsLeftOut) {
    const auto rotation = lose_an_answer();
    other->begin();
    other->lock_session("s1");
    EXPECT_TRUE(renew(rotation).empty());
    other->rollback();
    EXPECT_FALSE(renew(rotation).empty());
}

TEST_F(Unanswered, WhatDidNotRotateLeavesNothing) {
    EXPECT_EQ(rotate(*other, 0), Outcome::rotated);
    EXPECT_EQ(rotate(*node, 0), Outcome::repeated);
    EXPECT_FALSE(left());
    now += 1min;
    EXPECT_EQ(rotate(*node, 0), Outcome::reused);
    EXPECT_FALSE(left());
}

TEST_F(Unanswered, WhatIsForgottenCountsAsAnswered) {
    const auto rotation = lose_an_answer();
    EXPECT_TRUE(known.contains(rotation));
    known.forget(rotation);
    EXPECT_FALSE(known.contains(rotation));
    now += 31s;
    EXPECT_EQ(rotate(*node, 0), Outcome::reused);
}

}  // namespace
}  // namespace coatcheck::store
