// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <ctime>

namespace coatcheck::base {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t largest_step = nanoseconds(largest_clock_error).count();
constexpr std::int64_t longest_jump = nanoseconds(longest_time_off).count();
constexpr std::int64_t patience = nanoseconds(std::chrono::minutes(10)).count();

ClockKeeper keeper;
std::atomic<bool> follows{false};  // true after follow_clock(): the machine's clock is not read

std::int64_t count_of(Timestamp time) { return nanoseconds(time.time_since_epoch()).count(); }

// CLOCK_BOOTTIME, unlike CLOCK_MONOTONIC, also counts the time in which the machine sleeps.
std::int64_t boot_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Reads the wall clock and returns the boot-time clock, which is read after it. If the thread is suspended
// between the two, their difference comes out too small, which the next reading corrects. In the other order
// it could come out too large, and steady would keep it.
std::int64_t read_both() {
    const std::int64_t wall = nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
    const std::int64_t boot = boot_nanoseconds();
    keeper.measure(boot, wall);
    return boot;
}

}  // namespace

void ClockKeeper::raise_to(std::int64_t difference) {
    std::int64_t known = steady_.load(std::memory_order_relaxed);
    while (known < difference &&
           !steady_.compare_exchange_weak(known, difference, std::memory_order_relaxed)) {}
}

void ClockKeeper::measure(std::int64_t boot, std::int64_t wall) {
    const std::int64_t difference = wall - boot;
    wall_.store(difference, std::memory_order_relaxed);
    const std::int64_t known = steady_.load(std::memory_order_relaxed);
    if (known != unknown && difference - known > largest_step) {
        const std::int64_t since = ahead_since_.load(std::memory_order_relaxed);
        if (since == unknown) ahead_since_.store(boot, std::memory_order_relaxed);
        if (since == unknown || boot - since < patience || difference - known > longest_jump) return;
    }
    if (ahead_since_.load(std::memory_order_relaxed) != unknown)
        ahead_since_.store(unknown, std::memory_order_relaxed);
    raise_to(difference);
}

void ClockKeeper::start(std::int64_t boot, std::int64_t stored) {
    const std::int64_t wall = wall_.load() + boot;
    const bool is_too_far = stored != 0 && wall - stored > longest_jump;
    steady_ = (is_too_far ? stored : std::max(wall, stored)) - boot;
}

void ClockKeeper::raise(std::int64_t boot, std::int64_t at_least) {
    const std::int64_t difference = at_least - boot;
    if (difference - steady_.load() <= largest_step) raise_to(difference);
}

Clocks ClockKeeper::at(std::int64_t boot) const {
    const auto time = [boot](const std::atomic<std::int64_t>& difference) {
        return Timestamp(
            std::chrono::floor<Duration>(nanoseconds(boot + difference.load(std::memory_order_relaxed))));
    };
    return {time(steady_), time(wall_)};
}

Clocks read_clocks() {
    // Reading a clock stalls the core: it takes a sixth as long as checking a token in process. So each
    // thread reads the wall clock once per millisecond.
    constexpr std::int64_t millisecond = 1'000'000;
    thread_local std::int64_t next_look = std::numeric_limits<std::int64_t>::min();
    std::int64_t boot = boot_nanoseconds();
    if (!follows.load(std::memory_order_relaxed) && boot >= next_look) {
        boot = read_both();
        next_look = boot + millisecond;
    }
    return keeper.at(boot);
}

Timestamp read_clock() { return read_clocks().steady; }

void start_clock(Timestamp stored) { keeper.start(read_both(), count_of(stored)); }

void follow_clock(Timestamp shared, Timestamp noted, bool starts) {
    const std::int64_t boot = boot_nanoseconds();
    follows = true;
    keeper.measure(boot, count_of(shared));
    if (starts) keeper.start(boot, count_of(noted));
    else keeper.raise(boot, count_of(noted));
}

void reset_clock() { keeper.reset(); }

}  // namespace coatcheck::base
