// SPDX-License-Identifier: Apache-2.0
#include "base/numbers.hpp"

#include <gtest/gtest.h>
#include <cstdint>
#include <string>

namespace coatcheck::base {
namespace {

TEST(ParseNumber, ReadsAWholeDecimalNumber) {
    EXPECT_EQ(parse_number<int>("0"), 0);
    EXPECT_EQ(parse_number<int>("-17"), -17);
    EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
    EXPECT_EQ(parse_number<std::int64_t>("9223372036854775807"), INT64_MAX);
}

TEST(ParseNumber, RefusesEverythingElse) {
    using namespace std::string_literals;
    for (const auto& text : {""s, " 1"s, "1 "s, "+1"s, "0x1"s, "1.0"s, "1e3"s, "one"s, "1\0"s, "١"s})
        EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
    EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
    EXPECT_EQ(parse_number<std::uint16_t>("65536"), std::nullopt);
    EXPECT_EQ(parse_number<std::int64_t>("9223372036854775808"), std::nullopt);
}

TEST(ParseNumber, RefusesNumbersOutsideTheBounds) {
    EXPECT_EQ(parse_number<int>("0", 1, 1000), std::nullopt);
    EXPECT_EQ(parse_number<int>("1", 1, 1000), 1);
    EXPECT_EQ(parse_number<int>("1000", 1, 1000), 1000);
    EXPECT_EQ(parse_number<int>("1001", 1, 1000), std::nullopt);
}

}  // namespace
}  // namespace coatcheck::base
