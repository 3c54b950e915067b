// SPDX-License-Identifier: Apache-2.0
// How the calling thread shares the cores with others. Where the kernel refuses, or knows of no turns (Linux
// before 6.12), requests wait longer for cores that are busy, and nothing else changes. Both say whether it
// took the turns.
#pragma once

#include <chrono>

namespace coatcheck::base {

// For a thread that others wait for: in short turns, so that the kernel lets it run before one in long turns
// has come to its end.
bool take_short_turns();

// For a thread that computes for long: at the lowest priority, and in long turns.
bool give_way();

// How long the calling thread's turns are. 0: the kernel knows of none.
std::chrono::nanoseconds own_turns();

}  // namespace coatcheck::base
