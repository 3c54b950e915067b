// SPDX-License-Identifier: Apache-2.0
#include "verify/revocations.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>

namespace coatcheck::verify {
namespace {

using base::Reason;
using base::Timestamp;
using Kind = Revocation::Kind;
using namespace std::chrono_literals;

const Timestamp now = base::from_unix_seconds(1'800'000'000);
const Timestamp later = now + 900s;

class RevocationTable : public testing::Test {
protected:
    std::optional<Reason> judge(const std::string& session = "s", const std::string& user = "u",
                                std::int64_t version = 3, Timestamp issued = now) const {
        return table.judge(session, user, version, issued);
    }
    Revocations table;
};

TEST_F(RevocationTable, IsNotReadyUntilLoaded) {
    EXPECT_EQ(table.generation(), 0u);
    EXPECT_EQ(judge(), Reason::not_ready);
    table.add({{Kind::session, "x", 0, later}});
    EXPECT_EQ(table.generation(), 0u);
    EXPECT_EQ(judge(), Reason::not_ready);
    table.sweep(now);
    EXPECT_EQ(judge(), Reason::not_ready);
    table.load({});
    EXPECT_GT(table.generation(), 0u);
    EXPECT_EQ(judge(), std::nullopt);
}

TEST_F(RevocationTable, GenerationGrowsWithWhatComesInAndNothingElse) {
    table.load({});
    const auto first = table.generation();
    table.add({});
    EXPECT_EQ(table.generation(), first);
    table.sweep(now);
    (void)judge();
    EXPECT_EQ(table.generation(), first);
    table.add({{Kind::session, "x", 0, later}});
    const auto second = table.generation();
    EXPECT_GT(second, first);
    table.add({{Kind::session, "x", 0, later}});
    EXPECT_GT(table.generation(), second);
    const auto third = table.generation();
    table.load({});
    EXPECT_GT(table.generation(), third);
}

TEST_F(RevocationTable, SessionIsRevokedByItsName) {
    table.load({{Kind::session, "s", 0, later}});
    EXPECT_EQ(judge("s"), Reason::token_revoked);
    EXPECT_EQ(judge("S"), std::nullopt);
    EXPECT_EQ(judge("s2"), std::nullopt);
    EXPECT_EQ(judge("u", "s"), std::nullopt);
}

TEST_F(RevocationTable, UserIsRevokedOrStaleBelowAVersion) {
    table.load({{Kind::user_revoked, "u", 3, later}, {Kind::user_stale, "u", 5, later}});
    EXPECT_EQ(judge("s", "u", 2), Reason::token_revoked);
    EXPECT_EQ(judge("s", "u", 3), Reason::token_stale);
    EXPECT_EQ(judge("s", "u", 4), Reason::token_stale);
    EXPECT_EQ(judge("s", "u", 5), std::nullopt);
    EXPECT_EQ(judge("s", "v", 0), std::nullopt);
}

TEST_F(RevocationTable, LowerMinimumNeverUndoesAHigherOne) {
    table.load(
        {{Kind::user_revoked, "u", 5, later}, {Kind::issued_before, "", base::unix_seconds(now), later}});
    table.add({{Kind::user_revoked, "u", 2, later},
               {Kind::issued_before, "", base::unix_seconds(now) - 100, later}});
    EXPECT_EQ(judge("s", "u", 4, now + 1s), Reason::token_revoked);
    EXPECT_EQ(judge("s", "v", 4, now), Reason::token_revoked);
}

TEST_F(RevocationTable, IssuedBeforeTakesInItsOwnSecond) {
    table.load({{Kind::issued_before, "", base::unix_seconds(now), later}});
    EXPECT_EQ(judge("s", "u", 3, now - 1h), Reason::token_revoked);
    EXPECT_EQ(judge("s", "u", 3, now), Reason::token_revoked);
    EXPECT_EQ(judge("s", "u", 3, now + 999ms), Reason::token_revoked);
    EXPECT_EQ(judge("s", "u", 3, now + 1s), std::nullopt);
}

TEST_F(RevocationTable, LoadReplacesEverything) {
    table.load({{Kind::session, "s", 0, later},
                {Kind::user_revoked, "u", 9, later},
                {Kind::issued_before, "", base::unix_seconds(later), later}});
    table.load({});
    EXPECT_EQ(judge(), std::nullopt);
}

TEST_F(RevocationTable, SweepDropsOnlyWhatIsOver) {
    table.load({{Kind::session, "s", 0, later}, {Kind::user_revoked, "u", 9, later}});
    table.sweep(later - 1ms);
    EXPECT_EQ(judge("s", "v"), Reason::token_revoked);
    EXPECT_EQ(judge("t", "u"), Reason::token_revoked);
    table.sweep(later);
    EXPECT_EQ(judge("s", "v"), std::nullopt);
    EXPECT_EQ(judge("t", "u"), std::nullopt);
}

TEST_F(RevocationTable, EntryLivesUntilTheLastOfItsExpiries) {
    table.load({{Kind::session, "s", 0, later},
                {Kind::session, "s", 0, later - 100s},
                {Kind::user_revoked, "u", 9, later},
                {Kind::user_stale, "u", 9, later - 100s}});
    table.sweep(later - 50s);
    EXPECT_EQ(judge("s", "v"), Reason::token_revoked);
    EXPECT_EQ(judge("t", "u"), Reason::token_revoked);
}

TEST_F(RevocationTable, IssuedBeforeOutlivesASweep) {
    table.load({{Kind::issued_before, "", base::unix_seconds(now), later}});
    table.sweep(later + 24h);
    EXPECT_EQ(judge("s", "u", 3, now), Reason::token_revoked);
}

TEST(Revocations, ATokenOfAnotherFallsWithItsUserIfItWasIssuedBefore) {
    using namespace std::chrono_literals;
    const auto taken_back = base::from_unix_seconds(1'800'000'000);
    Revocations revocations;
    EXPECT_EQ(revocations.judge_foreign("", "u", taken_back, 60s), base::Reason::not_ready);
    revocations.load(
        {{Revocation::Kind::user_revoked, "u", 3, taken_back + 15min},
         {Revocation::Kind::foreign_before, "u", base::unix_seconds(taken_back), taken_back + 48h},
         {Revocation::Kind::user_stale, "v", 3, taken_back + 48h},
         {Revocation::Kind::session, "s", 0, taken_back + 48h}});
    EXPECT_EQ(revocations.judge_foreign("", "u", taken_back - 24h, 60s), base::Reason::token_revoked);
    EXPECT_EQ(revocations.judge_foreign("", "u", taken_back + 60s, 60s), base::Reason::token_revoked)
        << "its clock may be ahead";
    EXPECT_EQ(revocations.judge_foreign("", "u", taken_back + 61s, 60s), std::nullopt);
    EXPECT_EQ(revocations.judge_foreign("", "v", taken_back - 24h, 60s), std::nullopt)
        << "new roles do not concern it";
    EXPECT_EQ(revocations.judge_foreign("", "w", taken_back - 24h, 60s), std::nullopt);
    EXPECT_EQ(revocations.judge_foreign("s", "w", taken_back, 60s), base::Reason::token_revoked);
    revocations.add(
        {{Revocation::Kind::issued_before, "", base::unix_seconds(taken_back), taken_back + 48h}});
    EXPECT_EQ(revocations.judge_foreign("", "w", taken_back, 60s), base::Reason::token_revoked);
}

}  // namespace
}  // namespace coatcheck::verify
