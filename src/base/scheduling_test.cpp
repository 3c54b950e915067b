// SPDX-License-Identifier: Apache-2.0
#include "base/scheduling.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <thread>

namespace coatcheck::base {
namespace {

struct Share {
    int nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    std::chrono::nanoseconds turns = own_turns();
};

// The share of a new thread that has called `change`.
Share after(bool (*change)()) {
    Share share;
    std::thread([&] {
        change();
        share = Share();
    }).join();
    return share;
}

TEST(Scheduling, WhoGivesWayIsLastAndNobodyElse) {
    EXPECT_EQ(after(give_way).nice, low_priority);
    EXPECT_LT(Share().nice, low_priority);
}

TEST(Scheduling, ShortTurnsLeaveThePriority) { EXPECT_EQ(after(take_short_turns).nice, Share().nice); }

TEST(Scheduling, TurnsAreShortForThoseWhoAnswerAndLongForThoseWhoCompute) {
    bool may = false;
    std::thread([&] { may = take_short_turns(); }).join();
    if (!may || own_turns() == std::chrono::nanoseconds(0))
        GTEST_SKIP() << "this kernel refuses, or knows of no turns";
    EXPECT_LT(after(take_short_turns).turns, own_turns());
    EXPECT_GT(after(give_way).turns, own_turns());
}

}  // namespace
}  // namespace coatcheck::base
