// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

namespace coatcheck::base {
namespace {

constexpr std::pair<std::string_view, std::int64_t> duration_units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

std::string formatted(Timestamp t, const char* format) {
    const std::time_t seconds = static_cast<std::time_t>(unix_seconds(t));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char buffer[64];
    return std::string(buffer, std::strftime(buffer, sizeof buffer, format, &parts));
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    constexpr std::int64_t ten_years_ms = 3650ll * 86'400'000;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count <= 0 || text.front() == '+') return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, ms] : duration_units)
        if (unit == name) {
            if (count > ten_years_ms / ms) return std::nullopt;
            return Duration{count * ms};
        }
    return std::nullopt;
}

std::string format_duration(Duration d) {
    for (const auto& [name, ms] : duration_units)
        if (d.count() % ms == 0) return std::to_string(d.count() / ms).append(name);
    return std::to_string(d.count()) + "ms";
}

std::optional<Timestamp> parse_day_end(std::string_view text) {
    int year = 0;
    unsigned month = 0, day = 0;
    const auto read = [&](std::size_t at, std::size_t size, auto& out) {
        const char *begin = text.data() + at, *end = begin + size;
        return *begin >= '0' && *begin <= '9' && std::from_chars(begin, end, out).ptr == end;
    };
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !read(0, 4, year) || !read(5, 2, month) ||
        !read(8, 2, day))
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return Timestamp(std::chrono::sys_days(date) + std::chrono::days(1));
}

std::string http_date(Timestamp t) { return formatted(t, "%a, %d %b %Y %H:%M:%S GMT"); }

std::optional<Timestamp> parse_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::size_t length = 29;
    if (text.size() != length) return std::nullopt;
    const auto month = months.find(text.substr(8, 3));
    const auto number = [&](std::size_t at, std::size_t size) {
        return parse_number<unsigned>(text.substr(at, size)).value_or(10'000);
    };
    if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(12, 4))),
                                           std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                           std::chrono::day(number(5, 2)));
    const unsigned hours = number(17, 2), minutes = number(20, 2), seconds = number(23, 2);
    if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
    const Timestamp time = std::chrono::sys_days(date) + std::chrono::hours(hours) +
                           std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
    // Writing it again settles the rest: the weekday and the signs in between.
    if (http_date(time) != text) return std::nullopt;
    return time;
}

std::string readable(Timestamp t) { return formatted(t, "%Y-%m-%d %H:%M:%S UTC"); }

}  // namespace coatcheck::base
