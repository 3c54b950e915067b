// SPDX-License-Identifier: Apache-2.0
// Statuses and codes are a promise to clients: a change here is a change of the contract.
#include "web/problem.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <vector>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;

std::vector<Reason> all_reasons() {
    std::vector<Reason> reasons;
    for (std::size_t i = 0; i < base::reason_count; ++i) reasons.push_back(static_cast<Reason>(i));
    return reasons;
}

struct Written {
    explicit Written(const Denied& denied, Style style = Style::problem) {
        write_refusal(reply, denied, style);
        reply.write_to(text, "", false, false);
        body = boost::json::parse(reply.body).as_object();
    }
    std::string field(std::string_view name) const {
        const auto start = text.find("\r\n" + std::string(name) + ": ");
        if (start == std::string::npos) return "";
        const auto value = start + name.size() + 4;
        return text.substr(value, text.find("\r\n", value) - value);
    }
    Reply reply;
    std::string text;
    boost::json::object body;
};

// Two reasons have the code of another reason on purpose: crypt_expired and not_ready.
TEST(Problem, CodesAreUniqueExceptForTwo) {
    std::set<std::string_view> codes;
    for (const Reason reason : all_reasons()) codes.insert(public_reason(reason).code);
    EXPECT_EQ(codes.size(), base::reason_count - 2);
}

TEST(Problem, DocumentIsThatOfRfc9457) {
    for (const Reason reason : all_reasons()) {
        const PublicReason expected = public_reason(reason);
        const Written problem(Denied{reason});
        EXPECT_TRUE(problem.text.starts_with("HTTP/1.1 " + std::to_string(expected.status) + " "))
            << problem.text;
        EXPECT_EQ(problem.field("Content-Type"), "application/problem+json");
        EXPECT_EQ(problem.body.size(), 4u);
        EXPECT_EQ(problem.body.at("type").as_string(), "urn:coatcheck:problem:" + std::string(expected.code));
        EXPECT_EQ(problem.body.at("status").as_int64(), expected.status);
        EXPECT_EQ(problem.body.at("code").as_string(), expected.code);
        EXPECT_EQ(problem.body.at("title").as_string(), expected.title);
        EXPECT_EQ(problem.field("Cache-Control"), "no-store");
    }
}

TEST(Problem, EveryUnauthorizedCarriesAChallengeWithItsCode) {
    for (const Reason reason : all_reasons()) {
        const PublicReason expected = public_reason(reason);
        const std::string challenge = Written(Denied{reason}).field("WWW-Authenticate");
        if (reason == Reason::insufficient_scope) {  // RFC 6750 §3.1: with 403
            EXPECT_NE(challenge.find("error=\"insufficient_scope\""), std::string::npos) << challenge;
        } else if (expected.status != 401) {
            EXPECT_EQ(challenge, "") << expected.code;
            continue;
        }
        EXPECT_TRUE(challenge.starts_with("Bearer realm=\"coatcheck\"")) << challenge;
        EXPECT_TRUE(challenge.ends_with(", code=\"" + std::string(expected.code) + "\"")) << challenge;
        // RFC 6750 §3.1: invalid_token for a token that was sent, no error if none was sent.
        const bool bad_token = expected.code.starts_with("token_") && reason != Reason::token_missing;
        EXPECT_EQ(challenge.find("error=\"invalid_token\"") != std::string::npos, bad_token) << challenge;
        EXPECT_EQ(std::count(challenge.begin(), challenge.end(), '"') % 2, 0) << challenge;
    }
}

TEST(Problem, RetryAfterIsToldInHeaderAndBody) {
    const Written problem(Denied{Reason::too_many_attempts, std::chrono::seconds(42)});
    EXPECT_EQ(problem.field("Retry-After"), "42");
    EXPECT_EQ(problem.body.at("retry_after"), 42);
    const Written silent(Denied{Reason::too_many_attempts});
    EXPECT_EQ(silent.field("Retry-After"), "");
    EXPECT_FALSE(silent.body.contains("retry_after"));
}

TEST(Problem, DetailAndMemberAreToldAsText) {
    const std::string odd = "\"},{\"x\":\"\r\n</script>";
    const Written problem(Denied{Reason::invalid_member, {}, odd, "user\"name"});
    EXPECT_EQ(problem.body.at("detail").as_string(), odd);
    EXPECT_EQ(problem.body.at("member").as_string(), "user\"name");
    EXPECT_EQ(problem.body.size(), 6u);
}

TEST(Problem, AProxyIsToldNothingBut401And403) {
    for (const Reason reason : all_reasons()) {
        const Written problem(Denied{reason}, Style::proxy);
        const unsigned expected = public_reason(reason).status == 403 ? 403 : 401;
        EXPECT_TRUE(problem.text.starts_with("HTTP/1.1 " + std::to_string(expected) + " "));
        EXPECT_EQ(problem.body.at("status"), expected);
        // What failed inside is not told to a proxy's client.
        const auto told = public_reason(reason).status >= 500 ? Reason::unavailable : reason;
        const std::string code = "code=\"" + std::string(public_reason(told).code) + "\"";
        EXPECT_EQ(problem.field("WWW-Authenticate").ends_with(code),
                  expected == 401 || reason == Reason::insufficient_scope);
    }
}

TEST(Problem, OAuthClientsFindTheirError) {
    EXPECT_EQ(Written(Denied{Reason::service_key_unknown}, Style::oauth).body.at("error"), "invalid_client");
    EXPECT_EQ(Written(Denied{Reason::missing_member}, Style::oauth).body.at("error"), "invalid_request");
    EXPECT_EQ(Written(Denied{Reason::unavailable}, Style::oauth).body.at("error"), "temporarily_unavailable");
    EXPECT_EQ(Written(Denied{Reason::internal_error}, Style::oauth).body.at("error"), "server_error");
    for (const Reason reason : {Reason::invalid_grant, Reason::refresh_token_reused, Reason::session_ended}) {
        const Written problem(Denied{reason}, Style::oauth);
        EXPECT_EQ(problem.body.at("error"), "invalid_grant");
        EXPECT_EQ(problem.body.at("status"), 400)
            << "401 is for the client's own credentials (RFC 6749 §5.2)";
        EXPECT_EQ(problem.field("Content-Type"), "application/json");
    }
    const Written missing(Denied{Reason::missing_member, {}, "", "code"}, Style::oauth);
    EXPECT_TRUE(missing.body.at("error_description").as_string().starts_with("code: "));
    EXPECT_FALSE(Written(Denied{Reason::missing_member}).body.contains("error"));
}

TEST(Problem, TheEnvelopeHasTheCodeAsError) {
    const Written problem(Denied{Reason::invalid_credentials}, Style::envelope);
    EXPECT_EQ(problem.field("Content-Type"), "application/json");
    EXPECT_EQ(problem.body.at("success"), false);
    EXPECT_TRUE(problem.body.at("data").is_null());
    EXPECT_EQ(problem.body.at("detail").at("error"), "invalid_credentials");
}

}  // namespace
}  // namespace coatcheck::web
