// SPDX-License-Identifier: Apache-2.0
// Work that must be done although the machine is short of memory.
#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace coatcheck::base {

// Runs `work` until it does not throw std::bad_alloc, every 10 ms, and returns its result. For short work
// that others wait for, and that changes nothing if it fails: the thread does nothing else meanwhile.
template <class Work>
auto once_memory_allows(Work&& work) {
    for (;;) {
        try {
            return work();
        } catch (const std::bad_alloc&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

}  // namespace coatcheck::base
