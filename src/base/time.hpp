// SPDX-License-Identifier: Apache-2.0
// Time is a value: the edge reads the clock once a request and hands `Timestamp now` down.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::base {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Duration>;

// The machine's clock, in whole milliseconds, but it never goes back: where the clock is set back, time goes
// on from where it was. So nothing that has expired, or was forgotten because it had, counts again. Called by
// the edge, the store and the command line alone. Any thread.
Timestamp read_clock();
// It has been at least this late already, before this process started.
void raise_clock(Timestamp at_least);

// From now on this process goes by another clock, which several processes share, and no longer by the
// machine's: it says this at this moment. The first call may set the time back; later ones only raise it.
void follow_clock(Timestamp shared);

constexpr std::int64_t unix_millis(Timestamp t) { return t.time_since_epoch().count(); }
constexpr std::int64_t unix_seconds(Timestamp t) {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}
constexpr Timestamp from_unix_millis(std::int64_t ms) { return Timestamp{Duration{ms}}; }
constexpr Timestamp from_unix_seconds(std::int64_t s) { return Timestamp{std::chrono::seconds{s}}; }

// "250ms", "10s", "15m", "12h", "7d"; nullopt for anything else, for zero, and above ten years.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration() reads back.
std::string format_duration(Duration d);

// The end of a day written as "2027-01-31", by UTC; nullopt for anything else.
std::optional<Timestamp> parse_day_end(std::string_view text);

// RFC 9110 §5.6.7 IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp t);
// "2026-11-23 19:04:10 UTC", for people.
std::string readable(Timestamp t);

}  // namespace coatcheck::base
