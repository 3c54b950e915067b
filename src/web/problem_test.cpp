// SPDX-License-Identifier: Apache-2.0
// Statuses and codes are a promise to clients: a change here is a change of the contract.
#include "web/problem.hpp"

#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <set>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;

struct Expected {
    unsigned status;
    std::string_view code;
};
const std::map<Reason, Expected> promised = {
    {Reason::token_missing, {401, "token_missing"}},
    {Reason::token_malformed, {401, "token_malformed"}},
    {Reason::token_not_ours, {401, "token_not_ours"}},
    {Reason::token_not_yet_valid, {401, "token_not_yet_valid"}},
    {Reason::token_expired, {401, "token_expired"}},
    {Reason::crypt_expired, {403, "token_expired"}},
    {Reason::token_revoked, {401, "token_revoked"}},
    {Reason::token_stale, {401, "token_stale"}},
    {Reason::credential_conflict, {400, "credential_conflict"}},
    {Reason::not_ready, {503, "unavailable"}},
    {Reason::invalid_credentials, {401, "invalid_credentials"}},
    {Reason::too_many_attempts, {429, "too_many_attempts"}},
    {Reason::busy, {503, "busy"}},
    {Reason::refresh_token_missing, {401, "refresh_token_missing"}},
    {Reason::refresh_token_malformed, {401, "refresh_token_malformed"}},
    {Reason::refresh_token_reused, {401, "refresh_token_reused"}},
    {Reason::session_ended, {401, "session_ended"}},
    {Reason::service_key_missing, {401, "service_key_missing"}},
    {Reason::service_key_unknown, {401, "service_key_unknown"}},
    {Reason::service_key_scope, {403, "service_key_scope"}},
    {Reason::csrf_refused, {403, "csrf_refused"}},
    {Reason::sign_up_disabled, {403, "sign_up_disabled"}},
    {Reason::username_taken, {409, "username_taken"}},
    {Reason::id_taken, {409, "id_taken"}},
    {Reason::token_exchanged, {409, "token_exchanged"}},
    {Reason::email_taken, {409, "email_taken"}},
    {Reason::password_too_short, {400, "password_too_short"}},
    {Reason::password_too_long, {400, "password_too_long"}},
    {Reason::password_too_common, {400, "password_too_common"}},
    {Reason::malformed_json, {400, "malformed_json"}},
    {Reason::missing_member, {400, "missing_member"}},
    {Reason::unknown_member, {400, "unknown_member"}},
    {Reason::duplicate_member, {400, "duplicate_member"}},
    {Reason::invalid_member, {400, "invalid_member"}},
    {Reason::malformed_request, {400, "malformed_request"}},
    {Reason::unsupported_media_type, {415, "unsupported_media_type"}},
    {Reason::body_too_large, {413, "body_too_large"}},
    {Reason::headers_too_large, {431, "headers_too_large"}},
    {Reason::length_required, {411, "length_required"}},
    {Reason::not_found, {404, "not_found"}},
    {Reason::method_not_allowed, {405, "method_not_allowed"}},
    {Reason::unavailable, {503, "unavailable"}},
    {Reason::internal_error, {500, "internal_error"}}};

struct Written {
    explicit Written(const Denied& denied, unsigned status = 0) {
        write_problem(response, denied, status);
        response.write_to(text, "", false, false);
        body = boost::json::parse(response.body).as_object();
    }
    std::string field(std::string_view name) const {
        const auto start = text.find("\r\n" + std::string(name) + ": ");
        if (start == std::string::npos) return "";
        const auto value = start + name.size() + 4;
        return text.substr(value, text.find("\r\n", value) - value);
    }
    Response response;
    std::string text;
    boost::json::object body;
};

TEST(Problem, EveryReasonKeepsItsStatusAndCode) {
    // The last reason of the enumeration: one that is added makes this list longer.
    ASSERT_EQ(promised.size(), static_cast<std::size_t>(Reason::internal_error) + 1);
    for (const auto& [reason, expected] : promised) {
        const PublicReason known = public_reason(reason);
        EXPECT_EQ(known.status, expected.status) << expected.code;
        EXPECT_EQ(known.code, expected.code);
        EXPECT_FALSE(known.title.empty());
    }
}

TEST(Problem, CodesAreUniqueButForWhatIsMeantToLookAlike) {
    std::set<std::string_view> codes;
    for (const auto& [reason, expected] : promised) codes.insert(expected.code);
    EXPECT_EQ(codes.size(), promised.size() - 2);  // not_ready is told as unavailable
}

TEST(Problem, CodesAreSnakeCase) {
    for (const auto& [reason, expected] : promised)
        for (char c : expected.code) EXPECT_TRUE((c >= 'a' && c <= 'z') || c == '_') << expected.code;
}

TEST(Problem, DocumentIsThatOfRfc9457) {
    for (const auto& [reason, expected] : promised) {
        const Written problem(Denied{reason});
        EXPECT_TRUE(problem.text.starts_with("HTTP/1.1 " + std::to_string(expected.status) + " "))
            << problem.text;
        EXPECT_EQ(problem.field("Content-Type"), "application/problem+json");
        EXPECT_EQ(problem.body.size(), 4u);
        EXPECT_EQ(problem.body.at("type").as_string(), "urn:coatcheck:problem:" + std::string(expected.code));
        EXPECT_EQ(problem.body.at("status").as_int64(), expected.status);
        EXPECT_EQ(problem.body.at("code").as_string(), expected.code);
        EXPECT_EQ(problem.body.at("title").as_string(), public_reason(reason).title);
        EXPECT_EQ(problem.response.refusal, reason);
        EXPECT_EQ(problem.field("Cache-Control"), "no-store");
    }
}

TEST(Problem, EveryUnauthorizedCarriesAChallengeWithItsCode) {
    for (const auto& [reason, expected] : promised) {
        const std::string challenge = Written(Denied{reason}).field("WWW-Authenticate");
        if (expected.status != 401) {
            EXPECT_EQ(challenge, "") << expected.code;
            continue;
        }
        EXPECT_TRUE(challenge.starts_with("Bearer realm=\"coatcheck\"")) << challenge;
        EXPECT_TRUE(challenge.ends_with(", code=\"" + std::string(expected.code) + "\"")) << challenge;
        // RFC 6750 §3.1: invalid_token for a token that was sent, no error where none was.
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

TEST(Problem, StatusMayBeAnotherOne) {
    const Written problem(Denied{Reason::credential_conflict}, 401);
    EXPECT_TRUE(problem.text.starts_with("HTTP/1.1 401 "));
    EXPECT_EQ(problem.body.at("status"), 401);
    EXPECT_TRUE(problem.field("WWW-Authenticate").ends_with("code=\"credential_conflict\""));
}

}  // namespace
}  // namespace coatcheck::web
