// SPDX-License-Identifier: Apache-2.0
#include "token/json.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using base::Reason;

std::optional<Reason> refusal(std::string_view text) {
    const auto value = parse_value(text);
    return value ? std::nullopt : std::optional(value.error().reason);
}

std::string object_with(int members) {
    std::string text = "{";
    for (int i = 0; i < members; ++i)
        text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":" + std::to_string(i);
    return text + "}";
}

TEST(Json, ReadsWhatRfc8259Allows) {
    for (std::string_view text :
         {"{}", "[]", "null", "true", "\"a\"", "-0", "1.5e3", " \t\r\n{ \"a\" : [ 1 , 2 ] }\r\n ", "{\"\":1}",
          "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""})
        EXPECT_TRUE(parse_value(text)) << text;
}

TEST(Json, RefusesWhatIsNotStrict) {
    for (std::string_view text :
         {"",          " ",          "{",      "}",         "{}{}",      "{} x",     "{},",
          "[1,]",      "{\"a\":1,}", "{a:1}",  "{'a':1}",   "{\"a\" 1}", "{\"a\":}", "// c\n{}",
          "/* c */{}", "{}//",       "NaN",    "Infinity",  "-Infinity", "nan",      "undefined",
          "True",      "01",         "+1",     ".5",        "5.",        "1e",       "0x10",
          "--1",       "\"\t\"",     "\"\n\"", "\"\\x41\"", "\"\\u12\"", "\"a",      "{\"a\":1 \"b\":2}"})
        EXPECT_EQ(refusal(text), Reason::malformed_json) << text;
    EXPECT_EQ(refusal({"{}\0", 3}), Reason::malformed_json);
    EXPECT_EQ(refusal({"\0{}", 3}), Reason::malformed_json);
    EXPECT_EQ(refusal({"{\"a\":1}\0{\"b\":2}", 15}), Reason::malformed_json);
}

TEST(Json, RefusesAnythingButUtf8WithoutByteOrderMark) {
    EXPECT_EQ(refusal("\xef\xbb\xbf{}"), Reason::malformed_json);
    EXPECT_EQ(refusal({"{\0}\0", 4}), Reason::malformed_json);  // UTF-16
    EXPECT_EQ(refusal({"\xff\xfe{\0}\0", 6}), Reason::malformed_json);
    for (std::string_view bytes :
         {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xf6"}) {
        const std::string text = "{\"a\":\"" + std::string(bytes) + "\"}",
                          key = "{\"" + std::string(bytes) + "\":1}";
        EXPECT_EQ(refusal(text), Reason::malformed_json) << testing::PrintToString(bytes);
        EXPECT_EQ(refusal(key), Reason::malformed_json) << testing::PrintToString(bytes);
    }
}

TEST(Json, RefusesLoneSurrogates) {
    for (std::string_view text : {"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800a\"", "\"\\ud800\\ud800\"",
                                  "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "{\"\\ud800\":1}"})
        EXPECT_EQ(refusal(text), Reason::malformed_json) << text;
}

TEST(Json, DuplicateMemberIsToldApart) {
    for (std::string_view text :
         {R"({"a":1,"a":2})", R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":1,"\u0061":2})",
          R"({"\u0061lg":"none","alg":"ES256"})", R"({"a":{"b":1,"b":2}})", R"([{"a":1,"a":2}])",
          R"({"x":[[{"a":1,"a":2}]]})", R"({"a":{"b":1},"a":2})", R"({"a":2,"a":{"b":1}})", R"({"":1,"":2})",
          R"({"a\u0000b":1,"a\u0000b":2})", R"({"/":1,"\/":2})"})
        EXPECT_EQ(refusal(text), Reason::duplicate_member) << text;
}

TEST(Json, NamesThatOnlyLookAlikeAreDifferent) {
    for (std::string_view text :
         {R"({"a":1,"A":2})", R"({"a":1,"a ":2})", R"({"a":1,"a\u0000":2})",
          "{\"\xc3\xa9\":1,\"e\xcc\x81\":2}", R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])"})
        EXPECT_TRUE(parse_value(text)) << text;
}

TEST(Json, DepthEndsAtEight) {
    for (std::size_t depth = 1; depth <= 20; ++depth) {
        const std::string arrays = std::string(depth, '[') + std::string(depth, ']');
        std::string objects;
        for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
        objects += "1" + std::string(depth, '}');
        EXPECT_EQ(parse_value(arrays).has_value(), depth <= max_json_depth) << depth;
        EXPECT_EQ(parse_value(objects).has_value(), depth <= max_json_depth) << depth;
    }
    EXPECT_EQ(refusal(std::string(100'000, '[')), Reason::malformed_json);
}

TEST(Json, MembersOfAllObjectsTogetherEndAtSixtyFour) {
    EXPECT_TRUE(parse_value(object_with(64)));
    EXPECT_EQ(refusal(object_with(65)), Reason::malformed_json);
    EXPECT_TRUE(parse_value("[" + object_with(32) + "," + object_with(32) + "]"));
    EXPECT_EQ(refusal("[" + object_with(32) + "," + object_with(33) + "]"), Reason::malformed_json);
    EXPECT_EQ(refusal("{\"a\":" + object_with(64) + "}"), Reason::malformed_json);
    EXPECT_EQ(refusal(object_with(100'000)), Reason::malformed_json);
}

TEST(Json, ArraysAndStringsHaveLimits) {
    std::string array = "[0";
    for (int i = 1; i < 4096; ++i) array += ",0";
    EXPECT_TRUE(parse_value(array + "]"));
    EXPECT_EQ(refusal(array + ",0]"), Reason::malformed_json);
    EXPECT_TRUE(parse_value('"' + std::string(64 * 1024, 'x') + '"'));
    EXPECT_EQ(refusal('"' + std::string(64 * 1024 + 1, 'x') + '"'), Reason::malformed_json);
}

TEST(Json, ExponentsHaveAtMostFourDigits) {
    for (const char* good : {"1e9999", "1E-9999", "1e+0001", "[1e1,2e2]", "1.5e0", "\"1e99999\"",
                             "{\"e99999\":1}", "[true,false]"})
        EXPECT_TRUE(parse_value(good)) << good;
    for (const char* bad : {"1e00001", "1e99999", "1E-10000", "0e10000", "[1,1e+99999]",
                            "18446744e073709551616", "{\"a\":1e99999}"})
        EXPECT_EQ(refusal(bad), Reason::malformed_json) << bad;
}

TEST(Json, EscapesMeanWhatTheyStandFor) {
    const auto object = parse_object(R"({"\u0061":"\u003cx\u0000\ud83d\ude00\n"})");
    ASSERT_TRUE(object);
    const auto* text = string_member(*object, "a");
    ASSERT_NE(text, nullptr);
    EXPECT_EQ(std::string_view(*text), std::string_view("<x\0\xf0\x9f\x98\x80\n", 8));
}

TEST(Json, ObjectIsAnObjectAndNothingElse) {
    EXPECT_TRUE(parse_object("{}"));
    for (std::string_view text : {"[]", "null", "true", "1", "\"{}\"", "[{}]"}) {
        const auto object = parse_object(text);
        ASSERT_FALSE(object) << text;
        EXPECT_EQ(object.error().reason, Reason::malformed_json);
    }
    EXPECT_EQ(parse_object(R"({"a":1,"a":2})").error().reason, Reason::duplicate_member);
}

TEST(StringMember, FindsStringsAlone) {
    const auto object = parse_object(R"({"s":"x","n":1,"o":{},"null":null,"a":["x"],"empty":""})").value();
    ASSERT_NE(string_member(object, "s"), nullptr);
    EXPECT_EQ(*string_member(object, "s"), "x");
    EXPECT_NE(string_member(object, "empty"), nullptr);
    for (std::string_view name : {"n", "o", "null", "a", "S", "missing", ""})
        EXPECT_EQ(string_member(object, name), nullptr) << name;
}

}  // namespace
}  // namespace coatcheck::token
