// SPDX-License-Identifier: Apache-2.0
// Time is a value: the code that receives a request reads the clock (base/clock.hpp), and passes a Timestamp
// to the rest.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Duration>;

constexpr std::int64_t unix_millis(Timestamp t) { return t.time_since_epoch().count(); }
constexpr std::int64_t unix_seconds(Timestamp t) {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}
constexpr Timestamp from_unix_millis(std::int64_t ms) { return Timestamp{Duration{ms}}; }
constexpr Timestamp from_unix_seconds(std::int64_t s) { return Timestamp{std::chrono::seconds{s}}; }

// Reads a duration such as "250ms", "10s", "15m", "12h" or "7d". Returns nullopt for any other text, for
// zero, and for more than ten years.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration() reads back as `d`.
std::string format_duration(Duration d);

// Reads a day such as "2027-01-31" and returns its end in UTC. Returns nullopt for any other text.
std::optional<Timestamp> parse_day_end(std::string_view text);

// The IMF-fixdate of RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp t);
// Reads that form, and no other. nullopt for anything else.
std::optional<Timestamp> parse_http_date(std::string_view text);
// For people to read: "2026-11-23 19:04:10 UTC".
std::string readable(Timestamp t);

}  // namespace coatcheck::base
