// SPDX-License-Identifier: Apache-2.0
// One event, one line: JSON where standard error is a file or a pipe, readable text on a terminal.
// Writing never blocks the caller: a bounded queue is drained by one thread; what does not fit is dropped and
// counted.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace coatcheck::base::log {

enum class Level { info, warning, error };

struct Field {
    std::string_view name;
    std::string value;
};

// Call once, before the first event; `stop` writes out what is queued.
void start();
void stop();

// `event` is a stable snake_case name. Never pass a secret; values are escaped, so that one event stays one
// line.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

// Events lost because the queue was full.
std::uint64_t dropped();

}  // namespace coatcheck::base::log
