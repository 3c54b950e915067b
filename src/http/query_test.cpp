// SPDX-License-Identifier: Apache-2.0
#include "http/query.hpp"

#include "base/reason.hpp"

#include <gtest/gtest.h>

namespace coatcheck::http {
namespace {

using base::Reason;

TEST(Query, DecodesWhatItKnows) {
    const auto query = Query::parse("a=1&b=%C3%A9+x&c=", {"a", "b", "c", "d"});
    ASSERT_TRUE(query);
    EXPECT_EQ(query->find("a"), "1");
    EXPECT_EQ(query->text("b"), "é x");
    EXPECT_EQ(query->find("c"), "");
    EXPECT_EQ(query->find("d"), std::nullopt);
    EXPECT_TRUE(Query::parse("", {}));
}

TEST(Query, RefusesWhatTheClientWouldMiss) {
    for (const char* text : {"b=1", "a=1&a=1", "a=%", "a=%f", "a=%ff", "A=1", "=1", "a%62=1"}) {
        const auto query = Query::parse(text, {"a"});
        ASSERT_FALSE(query) << text;
        EXPECT_EQ(query.error().reason, Reason::malformed_request) << text;
    }
}

TEST(Query, ReadsNumbersWithinTheirBounds) {
    const auto number = [](const char* text) { return Query::parse(text, {"n"})->number("n", 100, 1, 1000); };
    EXPECT_EQ(*number(""), 100U);
    EXPECT_EQ(*number("n=1"), 1U);
    EXPECT_EQ(*number("n=1000"), 1000U);
    for (const char* text :
         {"n=", "n=0", "n=1001", "n=-1", "n=+1", "n=1.5", "n=ten", "n=99999999999999999999"})
        EXPECT_FALSE(number(text)) << text;
}

TEST(RawValue, IsTheFirstAndStillEncoded) {
    EXPECT_EQ(raw_value("x=1&a=%20&a=2", "a"), "%20");
    EXPECT_EQ(raw_value("x=1", "a"), "");
    EXPECT_EQ(raw_value("", "a"), "");
}

}  // namespace
}  // namespace coatcheck::http
