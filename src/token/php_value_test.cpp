// SPDX-License-Identifier: Apache-2.0
#include "token/php_value.hpp"

#include <gtest/gtest.h>

namespace coatcheck::token {
namespace {

TEST(PhpValue, ReadsScalarsAndArrays) {
    EXPECT_TRUE(std::holds_alternative<std::nullptr_t>(parse_php_value("N;")->value));
    EXPECT_EQ(std::get<bool>(parse_php_value("b:1;")->value), true);
    EXPECT_EQ(std::get<std::int64_t>(parse_php_value("i:-9223372036854775808;")->value),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(std::get<double>(parse_php_value("d:1.5;")->value), 1.5);
    EXPECT_EQ(*parse_php_value("s:5:\"a\"b;c\";")->text(), "a\"b;c") << "the length counts, not the quotes";
    EXPECT_EQ(*parse_php_value(std::string("s:3:\"a\0b\";", 10))->text(), std::string("a\0b", 3));
    const auto array = parse_php_value("a:3:{s:1:\"x\";i:1;i:5;s:0:\"\";s:1:\"y\";a:1:{i:0;N;}}");
    ASSERT_TRUE(array && array->array());
    EXPECT_EQ(std::get<std::int64_t>(array->array()->find("x")->value), 1);
    EXPECT_EQ(*array->array()->find("5")->text(), "");
    EXPECT_NE(array->array()->find("y")->array()->find("0"), nullptr);
    EXPECT_EQ(array->array()->find("z"), nullptr);
}

TEST(PhpValue, ReadsDatesAndNoOtherObject) {
    const std::string members =
        "3:{s:4:\"date\";s:26:\"2027-01-31 "
        "12:00:00.000000\";s:13:\"timezone_type\";i:3;s:8:\"timezone\";s:3:\"UTC\";}";
    for (const std::string name : {"DateTime", "DateTimeImmutable", "Carbon\\Carbon",
                                   "Carbon\\CarbonImmutable", "Illuminate\\Support\\Carbon"}) {
        const auto date = parse_php_value("O:" + std::to_string(name.size()) + ":\"" + name +
                                          "\":" + members);
        ASSERT_TRUE(date) << name;
        EXPECT_TRUE(date->array()->is_date);
    }
    for (const std::string name : {"stdClass", "carbon\\carbon", "Illuminate\\Broadcasting\\PendingBroadcast",
                                   "GuzzleHttp\\Cookie\\FileCookieJar", ""})
        EXPECT_FALSE(parse_php_value("O:" + std::to_string(name.size()) + ":\"" + name + "\":" + members))
            << name;
    EXPECT_FALSE(
        parse_php_value("O:8:\"DateTime\":2:{s:4:\"date\";s:1:\"x\";s:8:\"timezone\";s:3:\"UTC\";}"));
    EXPECT_FALSE(parse_php_value(
        "O:8:\"DateTime\":4:{s:4:\"date\";N;s:13:\"timezone_type\";N;s:8:\"timezone\";N;s:4:\"more\";N;}"));
    EXPECT_FALSE(parse_php_value("C:8:\"DateTime\":2:{{}}"));
}

TEST(PhpValue, RefusesEverythingElse) {
    for (const char* text : {"",
                             "N",
                             "n;",
                             "i:1",
                             "i:01;",
                             "i:+1;",
                             "i:-0;",
                             "i: 1;",
                             "i:9223372036854775808;",
                             "d:nan;",
                             "d:INF;",
                             "d:;",
                             "b:2;",
                             "s:1:\"ab\";",
                             "s:3:\"ab\";",
                             "s:-1:\"\";",
                             "s:1:a;",
                             "s:99999999999999999999:\"\";",
                             "a:1:{}",
                             "a:0:{i:0;N;}",
                             "a:-1:{}",
                             "a:1:{N;N;}",
                             "a:2:{i:0;N;i:0;N;}",
                             "a:2:{i:0;N;s:1:\"0\";N;}",
                             "a:1:{i:0;R:1;}",
                             "R:1;",
                             "r:1;",
                             "E:5:\"A:B\";",
                             "N;N;",
                             "i:1;x",
                             "a:99999:{}",
                             "a:1:{s:1:\"a\";}",
                             "s:2:\"a\";"})
        EXPECT_FALSE(parse_php_value(text)) << text;
    std::string deep = "N;";
    for (int i = 0; i < 4; ++i) deep = "a:1:{i:0;" + deep + "}";
    EXPECT_TRUE(parse_php_value(deep));
    EXPECT_FALSE(parse_php_value("a:1:{i:0;" + deep + "}"));
    std::string many;
    for (int i = 0; i < 63; ++i) many += "i:" + std::to_string(i) + ";N;";
    EXPECT_TRUE(parse_php_value("a:63:{" + many + "}"));
    EXPECT_FALSE(parse_php_value("a:64:{" + many + "i:63;N;}"));
    EXPECT_FALSE(parse_php_value("s:8200:\"" + std::string(8200, 'x') + "\";"));
}

TEST(PhpValue, WritesWhatItReads) {
    const std::string text = write_php_array({{"user_id", {std::string("a\"b")}}, {"n", {std::int64_t{-5}}}});
    EXPECT_EQ(text, "a:2:{s:7:\"user_id\";s:3:\"a\"b\";s:1:\"n\";i:-5;}");
    EXPECT_EQ(*parse_php_value(text)->array()->find("user_id")->text(), "a\"b");
}

}  // namespace
}  // namespace coatcheck::token
