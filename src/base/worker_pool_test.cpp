// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.hpp"

#include "base/scheduling.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <atomic>
#include <latch>
#include <memory>

namespace coatcheck::base {
namespace {

TEST(WorkerPool, RunsWhatIsPosted) {
    std::latch done(3);
    WorkerPool pool(2, 12);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.try_post("a", [&] { done.count_down(); }));
    done.wait();
}

TEST(WorkerPool, ItSaysOnceThatItIsIdleAndWorksOn) {
    std::atomic<int> idle{0};
    std::latch first(1), told(1), second(1);
    WorkerPool pool(1, 3, [&] {
        if (++idle == 1) told.count_down();
    });
    ASSERT_TRUE(pool.try_post("a", [&] { first.count_down(); }));
    first.wait();
    told.wait();
    EXPECT_EQ(idle, 1);
    ASSERT_TRUE(pool.try_post("a", [&] { second.count_down(); }));
    second.wait();
}

TEST(WorkerPool, FullQueueSaysNoAtOnce) {
    std::latch started(1), release(1);
    std::atomic<int> ran{0};
    {
        WorkerPool pool(1, 3);
        ASSERT_TRUE(pool.try_post("a", [&] {
            started.count_down();
            release.wait();
            ++ran;
        }));
        started.wait();  // the one thread is busy and the queue is empty
        EXPECT_EQ(pool.waiting(), 0u);
        for (const char* source : {"a", "b", "c"}) EXPECT_TRUE(pool.try_post(source, [&] { ++ran; }));
        EXPECT_EQ(pool.waiting(), 3u);
        EXPECT_FALSE(pool.try_post("a", [&] { ran += 1000; }));
        EXPECT_FALSE(pool.try_post("d", [&] { ran += 1000; }));
        release.count_down();
    }
    EXPECT_EQ(ran, 4);
}

// Row 12 of the issue "Promises that hold": sign-ups of one client kept others from signing in.
TEST(WorkerPool, SourcesTakeTurnsSoThatOneThatPostsMuchDelaysNobodyElse) {
    std::latch started(1), release(1);
    std::string order;
    {
        WorkerPool pool(1, 40);
        ASSERT_TRUE(pool.try_post("busy", [&] {
            started.count_down();
            release.wait();
        }));
        started.wait();
        int taken = 0;
        for (int i = 0; i < 20; ++i) taken += pool.try_post("many", [&] { order += 'm'; }) ? 1 : 0;
        EXPECT_EQ(taken, 10) << "one source gets a quarter of the queue";
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.try_post("few", [&] { order += 'f'; }));
        ASSERT_TRUE(pool.try_post("one", [&] { order += 'o'; }));
        EXPECT_EQ(pool.waiting(), 14u);
        release.count_down();
    }
    EXPECT_EQ(order, "mfomfmfmmmmmmm");
}

TEST(WorkerPool, HasRoomAgainOnceWorkIsTaken) {
    std::latch started(1), release(1), second(1), third(1);
    WorkerPool pool(1, 1);
    ASSERT_TRUE(pool.try_post("a", [&] {
        started.count_down();
        release.wait();
    }));
    started.wait();
    ASSERT_TRUE(pool.try_post("a", [&] { second.count_down(); }));
    ASSERT_FALSE(pool.try_post("a", [] {}));
    release.count_down();
    second.wait();
    EXPECT_TRUE(pool.try_post("a", [&] { third.count_down(); }));
    third.wait();
}

TEST(WorkerPool, FinishesWhatWaitsWhenItEnds) {
    std::atomic<int> ran{0};
    {
        std::latch started(1);
        WorkerPool pool(1, 400);
        ASSERT_TRUE(pool.try_post("a", [&] { started.count_down(); }));
        started.wait();
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.try_post("a", [&] { ++ran; }));
    }
    EXPECT_EQ(ran, 100);
}

TEST(WorkerPool, LetsGoOfWorkThatHasRun) {
    auto held = std::make_shared<int>(1);
    {
        WorkerPool pool(1, 1);
        ASSERT_TRUE(pool.try_post("a", [held] {}));
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkerPool, RunsAtTheLowestPriority) {
    int nice = 0;
    {
        WorkerPool pool(1, 1);
        ASSERT_TRUE(
            pool.try_post("a", [&] { nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }));
    }
    EXPECT_EQ(nice, low_priority);
    EXPECT_LT(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())), 19);  // the caller keeps its priority
}

TEST(WorkerPool, ConcurrentPostersNeitherLoseNorDoubleWork) {
    std::atomic<int> posted{0}, ran{0}, refused{0};
    {
        WorkerPool pool(3, 64);
        std::vector<std::jthread> posters;
        for (int p = 0; p < 4; ++p)
            posters.emplace_back([&] {
                for (int i = 0; i < 2000; ++i) ++(pool.try_post("a", [&] { ++ran; }) ? posted : refused);
            });
        posters.clear();
    }
    EXPECT_EQ(ran, posted);
    EXPECT_EQ(posted + refused, 8000);
}

}  // namespace
}  // namespace coatcheck::base
