// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <gtest/gtest.h>

namespace coatcheck::base {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEachUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("10s"), 10s);
    EXPECT_EQ(parse_duration("15m"), 15min);
    EXPECT_EQ(parse_duration("12h"), 12h);
    EXPECT_EQ(parse_duration("7d"), 7 * 24h);
    EXPECT_EQ(parse_duration("1ms"), 1ms);
}

TEST(ParseDuration, RefusesEverythingElse) {
    for (std::string_view text :
         {"",     "5",     "s",     "ms",   "d",         "5 s",        " 5s",      "5s ", "+5s",  "-5s",
          "--5s", "1.5h",  "1,5h",  "5S",   "5D",        "5w",         "5y",       "5us", "5min", "5mss",
          "5sm",  "1h30m", "0x10s", "1e3s", "\xd9\xa5s", "5\xc2\xb5s", "infinite", "nan"})
        EXPECT_FALSE(parse_duration(text)) << '"' << text << '"';
    EXPECT_FALSE(parse_duration({"5s\0", 3}));
}

TEST(ParseDuration, RefusesZero) {
    for (std::string_view text : {"0ms", "0s", "0d", "00m", "-0s"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ParseDuration, EndsAtTenYears) {
    EXPECT_EQ(parse_duration("3650d"), 3650 * 24h);
    EXPECT_FALSE(parse_duration("3651d"));
    EXPECT_TRUE(parse_duration("87600h"));
    EXPECT_FALSE(parse_duration("87601h"));
    EXPECT_TRUE(parse_duration("5256000m"));
    EXPECT_FALSE(parse_duration("5256001m"));
    EXPECT_TRUE(parse_duration("315360000s"));
    EXPECT_FALSE(parse_duration("315360001s"));
    EXPECT_TRUE(parse_duration("315360000000ms"));
    EXPECT_FALSE(parse_duration("315360000001ms"));
}

TEST(ParseDuration, DoesNotOverflow) {
    for (std::string_view text :
         {"9223372036854775807d", "9223372036854775807ms", "9223372036854775808s", "106751991168d",
          "213503982335d", "18446744073709551617s", "99999999999999999999999999999999d"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(FormatDuration, WritesTheShortestTextThatReadsBack) {
    EXPECT_EQ(format_duration(1ms), "1ms");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(1s), "1s");
    EXPECT_EQ(format_duration(60s), "1m");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(90min), "90m");
    EXPECT_EQ(format_duration(24h), "1d");
    EXPECT_EQ(format_duration(25h), "25h");
    EXPECT_EQ(format_duration(90 * 24h), "90d");
}

TEST(FormatDuration, ReadsBackForAnyDuration) {
    for (std::int64_t ms = 1; ms <= 3650ll * 86'400'000; ms += 1 + ms / 7) {
        const Duration duration(ms);
        ASSERT_EQ(parse_duration(format_duration(duration)), duration) << ms;
    }
}

TEST(HttpDate, WritesTheExampleOfRfc9110) {
    EXPECT_EQ(http_date(from_unix_seconds(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDate, HasTwentyNineCharactersOnEveryDayOfFourYears) {
    for (std::int64_t day = 0; day < 4 * 366; ++day)
        ASSERT_EQ(http_date(from_unix_seconds(1'700'000'000 + day * 86400)).size(), 29u) << day;
}

TEST(HttpDate, KnowsLeapDaysAndTheEpoch) {
    EXPECT_EQ(http_date(from_unix_seconds(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(from_unix_seconds(951782400)), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http_date(from_unix_seconds(4107542400)),
              "Mon, 01 Mar 2100 00:00:00 GMT");  // 2100 is not a leap year
}

TEST(HttpDate, IsReadBack) {
    for (int day = 0; day < 1500; ++day) {
        const auto time = from_unix_seconds(1'700'000'000 + day * 86'461);
        EXPECT_EQ(parse_http_date(http_date(time)), time) << day;
    }
    for (const char* text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:60 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994     ", "Sun, +6 Nov 1994 08:49:37 GMT"})
        EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(HttpDate, DropsTheFractionOfASecond) {
    EXPECT_EQ(http_date(from_unix_millis(999)), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(from_unix_millis(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Readable, IsWrittenInUtc) {
    EXPECT_EQ(readable(from_unix_seconds(784111777)), "1994-11-06 08:49:37 UTC");
}

TEST(UnixSeconds, RoundsDownBeforeTheEpochToo) {
    EXPECT_EQ(unix_seconds(from_unix_millis(1999)), 1);
    EXPECT_EQ(unix_seconds(from_unix_millis(-1)), -1);
    EXPECT_EQ(unix_seconds(from_unix_millis(-1000)), -1);
    EXPECT_EQ(unix_millis(from_unix_seconds(5)), 5000);
}

}  // namespace
}  // namespace coatcheck::base
