// SPDX-License-Identifier: Apache-2.0
#include "web/pages/words.hpp"

#include <gtest/gtest.h>

namespace coatcheck::web {
namespace {

std::string_view language(std::string_view query, std::string_view accept_language) {
    http::Fields fields;
    if (!accept_language.empty())
        fields.insert("Accept-Language", {accept_language.data(), accept_language.size()});
    http::Request request;
    request.fields = &fields;
    request.query = query;
    return words_for(request).language;
}

TEST(Languages, TheOneWithTheHighestWeightThatWeHave) {
    EXPECT_EQ(language("", ""), "en");
    EXPECT_EQ(language("", "fr, ja"), "en");
    EXPECT_EQ(language("", "de"), "de");
    EXPECT_EQ(language("", "DE-at"), "de");
    EXPECT_EQ(language("", "fr, de;q=0.5, en;q=0.4"), "de");
    EXPECT_EQ(language("", "de;q=0.5, en"), "en");
    EXPECT_EQ(language("", "de;q=0, en;q=0.001"), "en");
    EXPECT_EQ(language("", ",,;q=;,de;q=1.000"), "de");
}

TEST(Languages, UiLocalesComeFirst) {
    EXPECT_EQ(language("x=1&ui_locales=fr+de-CH&y", "en"), "de");
    EXPECT_EQ(language("ui_locales=ja", "de"), "de");
    EXPECT_EQ(language("ui_locales=%zz", "de"), "de");
}

}  // namespace
}  // namespace coatcheck::web
