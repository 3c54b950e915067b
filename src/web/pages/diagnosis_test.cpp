// SPDX-License-Identifier: Apache-2.0
#include "web/pages/diagnosis.hpp"

#include <gtest/gtest.h>

namespace coatcheck::web {
namespace {

const base::Timestamp now = base::from_unix_seconds(1'795'540'618);

using Field = std::pair<std::string_view, std::string_view>;

std::string told(const std::vector<Field>& list, std::string_view query,
                 const std::string& public_url = "http://localhost:8080") {
    http::Fields fields;
    for (const auto& [name, value] : list)
        fields.insert({name.data(), name.size()}, {value.data(), value.size()});
    Request request;
    request.fields = &fields;
    request.now = now;
    request.address = "127.0.0.1";
    Settings settings;
    settings.public_url = settings.origin = public_url;
    settings.allowed_origins = {"http://localhost:5173"};
    std::string all;
    for (const auto& sentence : diagnose(request, settings, parse_complaint(query))) all += sentence + "\n";
    return all;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const Field host{"Host", "localhost:8080"}, known{"Origin", "http://localhost:5173"};

TEST(Diagnosis, AnOriginThatIsNotListedIsNamedAsTheConfigurationWantsIt) {
    const auto text = told({host, {"Origin", "http://localhost:3000"}, {"Sec-Fetch-Site", "same-site"}},
                           "code=network_error&storage=memory");
    EXPECT_TRUE(has(text, "[cors] origins = [\"http://localhost:3000\"]")) << text;
    EXPECT_TRUE(has(text, "--set cors.origins=http://localhost:3000")) << text;
    EXPECT_FALSE(has(text, "two sites"));
}

TEST(Diagnosis, APageFromAFileIsTold) {
    EXPECT_TRUE(has(told({host, {"Origin", "null"}}, "code=network_error"), "opened from a file"));
}

TEST(Diagnosis, TwoSitesMatterToCookiesAlone) {
    const std::vector<Field> fields{
        host, {"Origin", "http://127.0.0.1:5173"}, {"Sec-Fetch-Site", "cross-site"}};
    EXPECT_TRUE(has(told(fields, "code=refresh_token_missing&storage=memory"),
                    "The page is on 127.0.0.1, Coatcheck on localhost"));
    EXPECT_TRUE(has(told(fields, "code=refresh_token_missing&storage=cookie"), "two sites"));
    EXPECT_FALSE(has(told(fields, "code=network_error&storage=localStorage"), "two sites"));
}

TEST(Diagnosis, AnotherNameThanPublicUrlIsTold) {
    EXPECT_TRUE(has(told({{"Host", "127.0.0.1:8080"}, known}, "code=network_error"),
                    "reaches this server as 127.0.0.1:8080, but its public_url is http://localhost:8080"));
    EXPECT_FALSE(has(told({{"Host", "id.example"}, known}, "code=network_error", "https://id.example"),
                     "its public_url is"));
}

TEST(Diagnosis, AProxyThatIsNotTrustedIsTold) {
    EXPECT_TRUE(
        has(told({host, known, {"X-Forwarded-For", "192.0.2.1"}}, "code=network_error"), "trusted_proxies"));
}

TEST(Diagnosis, AClockThatIsWrongIsToldWithItsDifference) {
    EXPECT_TRUE(has(told({host, known}, "code=network_error&now=1795544218"), "3600 s ahead of"));
    EXPECT_TRUE(has(told({host, known}, "code=network_error&now=1795540518"), "100 s behind"));
    EXPECT_FALSE(has(told({host, known}, "code=network_error&now=1795540600"), "clock"));
}

TEST(Diagnosis, AHeaderThatIsTakenAwayIsTold) {
    EXPECT_TRUE(has(told({host, known}, "code=token_missing"), "CGIPassAuth On"));
}

TEST(Diagnosis, WhereAllFitsItSaysSo) {
    EXPECT_TRUE(has(told({host, known}, "code=network_error&storage=memory"), "no mistake in the settings"));
    EXPECT_TRUE(has(told({host, known}, "code=refresh_token_missing&storage=memory"),
                    "refresh cookie did not come back"));
}

TEST(Diagnosis, NonsenseIsNoComplaint) {
    for (const char* query : {"", "now=", "now=abc", "now=-1", "now=99999999999999999999", "code",
                              "code=&now=1x", "&&&", "now=253402300800"}) {
        const Complaint complaint = parse_complaint(query);
        EXPECT_TRUE(complaint.code.empty()) << query;
        EXPECT_FALSE(complaint.browser_time) << query;
    }
}

}  // namespace
}  // namespace coatcheck::web
