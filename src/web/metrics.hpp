// SPDX-License-Identifier: Apache-2.0
// Counts requests, and writes the counters as text for Prometheus. Each edge counts on its own event loop;
// the metrics listener reads the counters of all edges.
#pragma once

#include "base/reason.hpp"
#include "web/settings.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace coatcheck::web {

struct Route;

// The counters of one edge: by route and status class, and by reason.
class Counters {
public:
    explicit Counters(std::size_t routes) : answers_(routes) {}

    // `status` is an HTTP status, 100 to 599.
    void count_answer(std::size_t route, unsigned status) { add(answers_.at(route).at(status / 100)); }
    void count_refusal(base::Reason reason) { add(refusals_.at(static_cast<std::size_t>(reason))); }

    std::uint64_t answers(std::size_t route, std::size_t status_class) const {
        return answers_.at(route).at(status_class).load(std::memory_order_relaxed);
    }
    std::uint64_t refusals(base::Reason reason) const {
        return refusals_.at(static_cast<std::size_t>(reason)).load(std::memory_order_relaxed);
    }
    static constexpr std::size_t status_classes = 6;

private:
    using Counter = std::atomic<std::uint64_t>;
    // Only the thread of the edge writes, so this needs no atomic addition.
    static void add(Counter& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    std::vector<std::array<Counter, status_classes>> answers_;
    std::array<Counter, base::reason_count> refusals_{};
};

class Metrics {
public:
    // Adds counters for an edge that serves the public routes. They live as long as this object. Any
    // thread.
    Counters& add_counters();
    // Counts a request that uses this dialect. Any thread.
    void count(Dialect dialect) {
        dialects_[static_cast<std::size_t>(dialect)].fetch_add(1, std::memory_order_relaxed);
    }
    // A figure that another part of the program keeps. All gauges are added before the server starts.
    struct Gauge {
        std::string name, type;  // "counter" or "gauge"
        std::function<std::uint64_t()> value;
    };
    void add_gauge(Gauge gauge) { gauges_.push_back(std::move(gauge)); }

    // All figures in Prometheus' text format.
    std::string text(const Settings& settings) const;

private:
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Counters>> counters_;
    std::array<std::atomic<std::uint64_t>, dialect_names.size()> dialects_{};
    std::vector<Gauge> gauges_;
};

}  // namespace coatcheck::web
