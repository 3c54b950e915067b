// SPDX-License-Identifier: Apache-2.0
// Writes one line for each event: JSON if standard error is a file or a pipe, readable text if it is a
// terminal. Writing never blocks the caller: one thread writes out the events of a bounded queue. If the
// queue is full, the log drops the oldest event and counts it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace coatcheck::base::log {

enum class Level { info, warning, error };

struct Field {
    std::string_view name;
    std::string_view value;
    bool is_number = false;  // in JSON; `value` is its decimal text
};

// Call start() once, before the first event. stop() writes out the queued events.
void start();
void stop();

// `event` is a stable snake_case name. Never pass a secret. Values are escaped, so that each event is one
// line. Any thread may call this. Without memory for the event, it is lost.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {}) noexcept;

// How many events were lost because the queue was full.
std::uint64_t dropped();

}  // namespace coatcheck::base::log
