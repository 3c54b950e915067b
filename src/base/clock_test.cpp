// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace coatcheck::base {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// Row 2 of the issue "Promises that hold": a clock that was ahead for a moment stayed ahead for good.
class KeptClock : public testing::Test {
protected:
    ClockKeeper keeper;
    nanoseconds boot = 1000s;  // the clock that counts from the boot
    nanoseconds off = 0s;      // how far the machine's clock is ahead of `real`
    const nanoseconds real_at_boot = 1'800'000'000s;

    nanoseconds real() const { return real_at_boot + boot; }
    Clocks look() {
        keeper.measure(boot.count(), (real() + off).count());
        return keeper.at(boot.count());
    }
    Timestamp time(nanoseconds since_epoch) { return Timestamp(std::chrono::floor<Duration>(since_epoch)); }
};

TEST_F(KeptClock, BothClocksAreTheMachinesClock) {
    EXPECT_EQ(look().steady, time(real()));
    boot += 90min;
    const auto clocks = look();
    EXPECT_EQ(clocks.steady, time(real()));
    EXPECT_EQ(clocks.wall, clocks.steady);
    EXPECT_FALSE(clocks.are_apart());
}

TEST_F(KeptClock, ASmallStepForwardIsFollowedAndOneBackIsNot) {
    look();
    off = 59s;
    EXPECT_EQ(look().steady, time(real() + 59s));
    off = 0s;
    boot += 1s;
    auto clocks = look();
    EXPECT_EQ(clocks.steady, time(real() + 59s));
    EXPECT_EQ(clocks.wall, time(real()));
    EXPECT_FALSE(clocks.are_apart()) << "less than a minute";
    off = -2s;
    EXPECT_TRUE(look().are_apart());
}

TEST_F(KeptClock, AJumpThatIsTakenBackLeavesNothing) {
    look();
    off = 3h;
    auto clocks = look();
    EXPECT_TRUE(clocks.are_apart());
    EXPECT_EQ(clocks.error(), 3h);
    EXPECT_EQ(clocks.latest(), time(real() + 3h)) << "a token ends by the clock that is ahead";
    boot += 9min;
    EXPECT_EQ(look().steady, time(real()));
    off = 0s;
    EXPECT_FALSE(look().are_apart());
    boot += 9min;
    off = 3h;
    look();
    boot += 9min;
    EXPECT_EQ(look().steady, time(real())) << "the ten minutes begin anew";
}

TEST_F(KeptClock, AJumpThatStaysForTenMinutesIsFollowed) {
    look();
    off = 3h;
    look();
    boot += 10min;
    const auto clocks = look();
    EXPECT_EQ(clocks.steady, time(real() + 3h));
    EXPECT_FALSE(clocks.are_apart());
    off = 0s;
    EXPECT_EQ(look().error(), -3h);
}

TEST_F(KeptClock, AJumpOverYearsIsNeverFollowed) {
    look();
    off = 10 * 365 * 24h;
    look();
    boot += 24h;
    EXPECT_EQ(look().steady, time(real()));
    EXPECT_TRUE(look().are_apart());
}

TEST_F(KeptClock, AStartContinuesFromTheLatestTimeInTheDatabase) {
    look();
    keeper.start(boot.count(), (real() - 100 * 24h).count());
    EXPECT_FALSE(look().are_apart()) << "the server was off";
    keeper.start(boot.count(), (real() + 2h).count());
    EXPECT_EQ(look().steady, time(real() + 2h));
    EXPECT_TRUE(look().are_apart());
    boot += 1h;
    EXPECT_EQ(look().steady, time(real() + 2h));
    keeper.start(boot.count(), 0);
    EXPECT_FALSE(look().are_apart()) << "a new database";
}

TEST_F(KeptClock, AStartDoesNotFollowAClockThatIsYearsAhead) {
    off = 10 * 365 * 24h;
    look();
    keeper.start(boot.count(), (real() - 1h).count());
    EXPECT_EQ(look().steady, time(real() - 1h));
    EXPECT_TRUE(look().are_apart());
    off = 0s;
    boot += 1s;
    EXPECT_TRUE(look().are_apart()) << "by an hour, which the next start follows";
    keeper.start(boot.count(), (real() - 1h).count());
    EXPECT_FALSE(look().are_apart());
}

TEST_F(KeptClock, AResetGoesBackToTheMachinesClock) {
    look();
    keeper.start(boot.count(), (real() + 10 * 365 * 24h).count());
    keeper.reset();
    EXPECT_EQ(look().steady, time(real()));
}

TEST_F(KeptClock, AnotherProcessRaisesIt) {
    look();
    keeper.raise(boot.count(), (real() + 5s).count());
    EXPECT_EQ(look().steady, time(real() + 5s));
    keeper.raise(boot.count(), real().count());
    EXPECT_EQ(look().steady, time(real() + 5s));
    keeper.raise(boot.count(), (real() + 1h).count());
    EXPECT_EQ(look().steady, time(real() + 5s)) << "it may have started with a wrong clock";
}

}  // namespace
}  // namespace coatcheck::base
