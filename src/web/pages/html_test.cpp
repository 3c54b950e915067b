// SPDX-License-Identifier: Apache-2.0
#include "web/pages/html.hpp"

#include <gtest/gtest.h>

namespace coatcheck::web {
namespace {

TEST(HtmlText, EveryPartIsEscapedForElementsAndAttributes) {
    const std::string evil = "<b> & \"x\" 'y' {}";
    EXPECT_EQ(
        html("<p title=\"{}\">{}</p>", evil, evil).text(),
        "<p title=\"&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; {}\">&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; "
        "{}</p>");
}

TEST(HtmlText, HtmlInAPatternStaysAsItIs) {
    const Html inner = html("<b>{}</b>", "<");
    EXPECT_EQ(html("<p>{}</p>", inner).text(), "<p><b>&lt;</b></p>");
    EXPECT_EQ((inner + html("<i></i>")).text(), "<b>&lt;</b><i></i>");
}

TEST(HtmlText, APatternHasAsManyPlacesAsParts) {
    EXPECT_THROW(html("<p></p>", "x"), std::logic_error);
    EXPECT_THROW(html("<p>{}{}</p>", "x"), std::logic_error);
}

}  // namespace
}  // namespace coatcheck::web
