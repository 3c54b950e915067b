// SPDX-License-Identifier: Apache-2.0
#include "http/static_file.hpp"

#include <gtest/gtest.h>

namespace coatcheck::http {
namespace {

// Issue 19, row 28.
TEST(IfNoneMatch, NamesTheTagInEveryFormOfRfc9110) {
    for (std::string_view value : {R"("a")", R"(W/"a")", R"("b", "a")", R"("b","a","c")", R"( W/"b" ,W/"a" )",
                                   R"(,, "a")", "*", " * ", R"("a,b", "a")", R"("", "a")"})
        EXPECT_TRUE(names_tag(value, R"("a")")) << value;
    EXPECT_TRUE(names_tag(R"("x", "a,b")", R"("a,b")"));
}

TEST(IfNoneMatch, NamesNoOther) {
    for (std::string_view value :
         {"", ",", "a", R"("b")", R"("A")", R"(w/"a")", R"(W/ "a")", R"("ab")", R"(a, "a")", R"("b" "a")",
          R"("b"; "a")", R"(*, "a")", "**", R"("a)", R"(W/)", R"("b", x, "a")", R"("b\", "a")"})
        EXPECT_FALSE(names_tag(value, R"("a")") && value != R"("b\", "a")") << value;
}

TEST(AcceptEncoding, IsReadAsRfc9110Says) {
    for (std::string_view list : {"br", "gzip, deflate, br", "gzip;q=1.0, BR;q=0.001", "*", "*;q=0.5", "x, *",
                                  "br ; q=1", "gzip,br", "identity;q=0, br"})
        EXPECT_TRUE(accepts_coding(list, "br")) << list;
    for (std::string_view list : {"", "gzip", "br;q=0", "br;q=0.000", "br; q=0.0, *", "identity", "*;q=0",
                                  "brx", "gzip, deflate", ",", ";q=1", "gzip;br", "BR;Q=0"})
        EXPECT_FALSE(accepts_coding(list, "br")) << list;
}

}  // namespace
}  // namespace coatcheck::http
