// SPDX-License-Identifier: Apache-2.0
// How the calling thread shares the processor cores with other threads. A turn is the time slice that the
// kernel gives a thread before it may run another one. If the kernel refuses, or cannot set turns (Linux
// before 6.12), requests wait longer for busy cores, and nothing else changes. Both functions return whether
// the kernel accepted the turns.
#pragma once

#include <chrono>

namespace coatcheck::base {

// For a thread that requests wait for: sets short turns, so that the kernel runs this thread before a thread
// with long turns has finished its turn.
bool take_short_turns();

// A nice value. At 19 (the lowest priority) a sign-in took 2.5 s while other programs kept all cores busy, at
// 15 half a second; threads that answer notice no difference (`script/bench flood`). At 10 they do.
constexpr int low_priority = 15;

// For a thread that computes for a long time: sets a low priority and long turns.
bool give_way();

// The length of the calling thread's turns. 0 if the kernel cannot set turns.
std::chrono::nanoseconds own_turns();

}  // namespace coatcheck::base
