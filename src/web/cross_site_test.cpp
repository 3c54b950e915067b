// SPDX-License-Identifier: Apache-2.0
// Tests every combination of Sec-Fetch-Site, Origin and X-Coatcheck.
#include "web/cross_site.hpp"

#include <gtest/gtest.h>
#include <optional>

namespace coatcheck::web {
namespace {

const std::string own = "https://id.example", listed = "https://app.example",
                  foreign = "https://evil.example";

Settings settings() {
    Settings settings;
    settings.public_url = settings.origin = own;
    settings.allowed_origins = {listed};
    return settings;
}

using Field = std::pair<std::string_view, std::string_view>;

struct Sent {
    explicit Sent(const std::vector<Field>& list) {
        for (const auto& [name, value] : list)
            fields.insert({name.data(), name.size()}, {value.data(), value.size()});
        request.fields = &fields;
    }
    http::Fields fields;
    Request request;
};

bool allowed(const std::vector<Field>& fields, verify::SiteProof proof = verify::SiteProof::always) {
    return site_is_allowed(Sent(fields).request, settings(), proof);
}

std::string answer(const std::vector<Field>& fields, bool preflight) {
    const Sent sent(fields);
    Reply reply;
    if (preflight) answer_preflight(reply, sent.request, settings(), "GET, POST, OPTIONS");
    allow_origin(reply, only_origin(sent.request), settings());
    std::string out;
    reply.write_to(out, "", false, false);
    return out;
}

bool has(const std::string& text, std::string_view line) {
    return text.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST(Csrf, WholeMatrixForCookies) {
    const std::optional<std::string> sites[] = {
        std::nullopt, "",     "same-origin", "same-site",
        "cross-site", "none", "Same-Origin", "same-origin, cross-site",
        "nonsense"};
    const std::optional<std::string> origins[] = {std::nullopt,
                                                  own,
                                                  listed,
                                                  foreign,
                                                  "null",
                                                  "",
                                                  "https://id.example/",
                                                  "HTTPS://ID.EXAMPLE",
                                                  "https://app.example.evil.example",
                                                  "http://app.example"};
    const std::optional<std::string> marks[] = {std::nullopt, "1", "0", ""};
    for (const auto& site : sites)
        for (const auto& origin : origins)
            for (const auto& mark : marks) {
                std::vector<Field> fields;
                if (site) fields.emplace_back("Sec-Fetch-Site", *site);
                if (origin) fields.emplace_back("Origin", *origin);
                if (mark) fields.emplace_back("X-Coatcheck", *mark);
                bool expected = false;
                if (site && !site->empty())
                    expected = *site == "same-origin" ||
                               ((*site == "same-site" || *site == "cross-site") && origin == listed);
                else if (origin) expected = *origin == own || *origin == listed;
                else expected = mark == "1";
                EXPECT_EQ(allowed(fields), expected)
                    << "site " << site.value_or("-") << ", origin " << origin.value_or("-") << ", mark "
                    << mark.value_or("-");
            }
}

TEST(Csrf, WithoutAnySignABodyMayProceedAndACookieMayNot) {
    EXPECT_FALSE(allowed({}));
    EXPECT_TRUE(allowed({}, verify::SiteProof::where_browser));
}

TEST(Csrf, WhereABrowserTellsTheSiteABodyIsJudgedLikeACookie) {
    EXPECT_FALSE(allowed({{"Origin", foreign}}, verify::SiteProof::where_browser));
    EXPECT_FALSE(allowed({{"Origin", "null"}}, verify::SiteProof::where_browser));
    EXPECT_FALSE(allowed({{"Sec-Fetch-Site", "cross-site"}}, verify::SiteProof::where_browser));
    EXPECT_FALSE(
        allowed({{"Sec-Fetch-Site", "cross-site"}, {"Origin", foreign}}, verify::SiteProof::where_browser));
    EXPECT_FALSE(allowed({{"Sec-Fetch-Site", "none"}}, verify::SiteProof::where_browser));
    EXPECT_TRUE(allowed({{"Sec-Fetch-Site", "same-origin"}}, verify::SiteProof::where_browser));
    EXPECT_TRUE(
        allowed({{"Sec-Fetch-Site", "cross-site"}, {"Origin", listed}}, verify::SiteProof::where_browser));
    EXPECT_TRUE(allowed({{"Origin", own}}, verify::SiteProof::where_browser));
}

TEST(Csrf, MarkOutweighsNoOrigin) {
    EXPECT_FALSE(allowed({{"X-Coatcheck", "1"}, {"Origin", foreign}}));
    EXPECT_FALSE(allowed({{"X-Coatcheck", "1"}, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST(Csrf, DoubledFieldsAreRefused) {
    EXPECT_FALSE(allowed({{"Origin", own}, {"Origin", foreign}}));
    EXPECT_FALSE(allowed({{"Origin", foreign}, {"Origin", own}}));
    EXPECT_FALSE(allowed({{"Origin", listed}, {"Origin", listed}}));
    EXPECT_FALSE(allowed({{"Origin", listed}, {"Origin", foreign}}, verify::SiteProof::where_browser));
    EXPECT_FALSE(allowed({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}));
    EXPECT_FALSE(allowed({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "same-origin"}}));
}

struct NoFields {
    void each(std::string_view, const auto&) const {}
};

TEST(Csrf, SafeMethodsAreThree) {
    for (std::string_view method : {"GET", "HEAD", "OPTIONS"})
        EXPECT_TRUE(verify::is_safe(method, NoFields())) << method;
    for (std::string_view method : {"POST", "PUT", "PATCH", "DELETE", "get", "", "TRACE", "CONNECT", "BREW"})
        EXPECT_FALSE(verify::is_safe(method, NoFields())) << method;
}

TEST(Cors, ListedOriginMayReadAnswers) {
    const std::string text = answer({{"Origin", listed}}, false);
    EXPECT_TRUE(has(text, "Access-Control-Allow-Origin: https://app.example")) << text;
    EXPECT_TRUE(has(text, "Access-Control-Allow-Credentials: true"));
    EXPECT_TRUE(has(text, "Access-Control-Expose-Headers: Date, Retry-After, WWW-Authenticate"));
    EXPECT_TRUE(has(text, "Vary: Origin"));
}

TEST(Cors, NoOtherOriginMayAndTheAnswerStillVaries) {
    const std::vector<std::vector<Field>> requests = {{},
                                                      {{"Origin", own}},
                                                      {{"Origin", foreign}},
                                                      {{"Origin", "null"}},
                                                      {{"Origin", ""}},
                                                      {{"Origin", "*"}},
                                                      {{"Origin", "https://app.example/"}},
                                                      {{"Origin", "https://APP.example"}},
                                                      {{"Origin", "https://app.example:443"}},
                                                      {{"Origin", "https://app.example.evil.example"}},
                                                      {{"Origin", listed}, {"Origin", foreign}},
                                                      {{"Origin", foreign}, {"Origin", listed}},
                                                      {{"Origin", listed}, {"Origin", listed}}};
    for (const auto& fields : requests)
        for (bool preflight : {false, true}) {
            const std::string text = answer(fields, preflight);
            EXPECT_EQ(text.find("Access-Control-"), std::string::npos) << text;
            EXPECT_TRUE(has(text, "Vary: Origin"));
        }
}

TEST(Cors, PreflightOfAListedOriginIsAnswered) {
    const std::string text = answer({{"Origin", listed}, {"Access-Control-Request-Method", "POST"}}, true);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 204 ")) << text;
    EXPECT_TRUE(has(text, "Allow: GET, POST, OPTIONS"));
    EXPECT_TRUE(has(text, "Access-Control-Allow-Methods: GET, POST, OPTIONS"));
    EXPECT_TRUE(
        has(text,
            "Access-Control-Allow-Headers: Authorization, Content-Type, X-Coatcheck, traceparent, baggage, "
            "sentry-trace"));
    EXPECT_TRUE(has(text, "Access-Control-Max-Age: 600"));
    EXPECT_EQ(text.find("Access-Control-Allow-Origin: *"), std::string::npos);
}

}  // namespace
}  // namespace coatcheck::web
