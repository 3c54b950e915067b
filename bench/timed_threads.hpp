// SPDX-License-Identifier: Apache-2.0
// For the raw references: runs one kind of work on several threads for some seconds, and measures its rate.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

// Runs `make_work(thread)` once on each thread, and then runs what it returned again and again. The first
// `warm_up` seconds do not count. The rate is the sum over the threads of what each did in its own time, so
// that no work is counted in part.
inline double rate_on_threads(unsigned threads, double warm_up, double seconds,
                              const std::function<std::function<void()>(unsigned)>& make_work) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> rates(threads);
    std::vector<std::thread> running;
    std::atomic<unsigned> ready{0};
    for (unsigned thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, thread] {
            const auto work = make_work(thread);
            ++ready;
            while (ready < threads) std::this_thread::yield();
            const auto since = [](Clock::time_point start) {
                return std::chrono::duration<double>(Clock::now() - start).count();
            };
            for (auto start = Clock::now(); since(start) < warm_up;) work();
            const auto start = Clock::now();
            double elapsed = 0;
            long done = 0;
            do {
                work();
                ++done;
                elapsed = since(start);
            } while (elapsed < seconds);
            rates[thread] = static_cast<double>(done) / elapsed;
        });
    }
    for (auto& thread : running) thread.join();
    double sum = 0;
    for (double rate : rates) sum += rate;
    return sum;
}
