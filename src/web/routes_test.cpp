// SPDX-License-Identifier: Apache-2.0
#include "web/routes.hpp"

#include <gtest/gtest.h>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace coatcheck::web {
namespace {

using http::verb;

http::Match<Route> find(verb method, std::string_view path) {
    return http::find_route(public_routes(), method, path);
}

// Every path of the public listener, with the methods that OPTIONS answers.
const std::map<std::string_view, std::string_view> paths = {
    {"/api/v1/verify", "GET, HEAD, OPTIONS"},
    {"/api/v1/authentication", "POST, GET, HEAD, DELETE, OPTIONS"},
    {"/api/v1/authentication/events", "GET, HEAD, OPTIONS"},
    {"/api/v1/authentication/refresh", "POST, OPTIONS"},
    {"/api/v1/authentication/envelope", "POST, OPTIONS"},
    {"/api/v1/authentication/exchange", "POST, OPTIONS"},
    {"/api/v1/sessions", "GET, HEAD, DELETE, OPTIONS"},
    {"/api/v1/sessions/{id}", "DELETE, OPTIONS"},
    {"/api/v1/grants", "GET, HEAD, OPTIONS"},
    {"/api/v1/grants/{id}", "DELETE, OPTIONS"},
    {"/api/v1/users", "POST, OPTIONS"},
    {"/api/v1/users/me", "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/api/v1/users/me/password", "PUT, OPTIONS"},
    {"/api/v1/admin/users", "GET, HEAD, POST, OPTIONS"},
    {"/api/v1/admin/users/{id}", "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/api/v1/admin/sessions", "GET, HEAD, DELETE, OPTIONS"},
    {"/api/v1/admin/sessions/{id}", "DELETE, OPTIONS"},
    {"/oauth2/introspect", "POST, OPTIONS"},
    {"/oauth2/revoke", "POST, OPTIONS"},
    {"/oauth2/authorize", "GET, HEAD, POST, OPTIONS"},
    {"/oauth2/sign-in", "GET, HEAD, POST, OPTIONS"},
    {"/oauth2/consent", "GET, HEAD, POST, OPTIONS"},
    {"/oauth2/logout", "GET, HEAD, POST, OPTIONS"},
    {"/oauth2/pages.css", "GET, HEAD, OPTIONS"},
    {"/oauth2/token", "POST, OPTIONS"},
    {"/oauth2/userinfo", "GET, HEAD, POST, OPTIONS"},
    {"/.well-known/openid-configuration", "GET, HEAD, OPTIONS"},
    {"/api/v1/revocations", "GET, HEAD, OPTIONS"},
    {"/status-lists/{id}", "GET, HEAD, OPTIONS"},
    {"/.well-known/jwks.json", "GET, HEAD, OPTIONS"},
    {"/.well-known/oauth-authorization-server", "GET, HEAD, OPTIONS"},
    {"/openapi.json", "GET, HEAD, OPTIONS"},
    {"/healthz", "GET, HEAD, OPTIONS"},
    {"/readyz", "GET, HEAD, OPTIONS"},
    {"/sdk/{file}", "GET, HEAD, OPTIONS"},
    {"/dev/diagnosis", "GET, HEAD, OPTIONS"},
    {"/", "GET, HEAD, OPTIONS"},
    {"/page.js", "GET, HEAD, OPTIONS"},
    {"/page.css", "GET, HEAD, OPTIONS"},
    {"/icon.svg", "GET, HEAD, OPTIONS"}};

// A request path that fits the path of the route.
std::string sent_for(std::string_view path) {
    const auto brace = path.find('{');
    return std::string(path.substr(0, brace)) + (brace == std::string_view::npos ? "" : "abc");
}

TEST(Routes, EachPathIsKnownWithItsMethods) {
    std::set<std::string_view> seen;
    for (const Route& route : public_routes()) {
        seen.insert(route.path);
        ASSERT_TRUE(paths.contains(route.path)) << route.path;
    }
    EXPECT_EQ(seen.size(), paths.size());
    for (const auto& [path, allow] : paths) {
        if (path == "/api/v1/verify") continue;
        const std::string sent = sent_for(path);
        const auto match = find(verb::trace, sent);
        EXPECT_EQ(match.row, nullptr);
        EXPECT_NE(match.same_path, nullptr) << path;
        EXPECT_EQ(match.allow, allow) << path;
    }
}

TEST(Routes, VerifyIsFoundByAnyMethod) {
    for (const verb method : {verb::get, verb::head, verb::post, verb::trace, verb::unknown}) {
        const auto match = find(method, "/api/v1/verify");
        ASSERT_NE(match.row, nullptr);
        EXPECT_EQ(match.row->path, "/api/v1/verify");
    }
}

TEST(Routes, EachRowIsFoundByItsMethodAndPath) {
    for (const Route& route : public_routes()) {
        const std::string sent = sent_for(route.path);
        const auto match = find(route.method, sent);
        ASSERT_EQ(match.row, &route) << sent;
    }
}

TEST(Routes, EachRowHasOneHandler) {
    for (const auto& table : {public_routes(), metrics_routes()})
        for (const Route& route : table)
            EXPECT_NE(route.handler.now == nullptr, route.handler.waits == nullptr) << route.path;
}

TEST(Routes, HeadIsAnsweredAsGetAndOnlyThere) {
    EXPECT_EQ(find(verb::head, "/healthz").row, find(verb::get, "/healthz").row);
    EXPECT_EQ(find(verb::head, "/api/v1/users/me").row->method, verb::get);
    EXPECT_EQ(find(verb::head, "/api/v1/users").row, nullptr);
    EXPECT_NE(find(verb::head, "/api/v1/users").same_path, nullptr);
    EXPECT_EQ(find(verb::head, "/api/v1/sessions/abc").row, nullptr);
}

TEST(Routes, IdStandsForOneWholePart) {
    for (std::string_view id : {"a", "AAAAAAAAAAAAAAAAAAAAAA", "{id}", "..", "%2f", "me"}) {
        const std::string path = "/api/v1/sessions/" + std::string(id);
        const auto match = find(verb::delete_, path);
        ASSERT_NE(match.row, nullptr) << path;
        EXPECT_EQ(match.argument, id);
    }
    for (std::string_view path : {"/api/v1/sessions/", "/api/v1/sessions/a/", "/api/v1/sessions/a/b",
                                  "/api/v1/sessions//", "/api/v1/sessionsx"}) {
        EXPECT_EQ(find(verb::delete_, path).row, nullptr) << path;
        EXPECT_EQ(find(verb::delete_, path).same_path, nullptr) << path;
    }
}

TEST(Routes, PathCountsToTheLetter) {
    for (std::string_view path : {"",
                                  "//",
                                  "/api",
                                  "/api/v1",
                                  "/api/v1/",
                                  "/api/v1/verify/",
                                  "/api/v1//verify",
                                  "/API/v1/verify",
                                  "/api/v1/verif",
                                  "/api/v1/verifyx",
                                  "/api/v1/../v1/verify",
                                  "/api/v1/%76erify",
                                  "/api/v2/verify",
                                  "/healthz/",
                                  "/index.html",
                                  "/favicon.ico",
                                  "/metrics",
                                  "/.well-known/",
                                  "/api/v1/users/me/",
                                  "/api/v1/users/other"}) {
        const auto match = find(verb::get, path);
        EXPECT_EQ(match.row, nullptr) << path;
        EXPECT_EQ(match.same_path, nullptr) << path;
        EXPECT_EQ(match.allow, "OPTIONS");
    }
}

TEST(Routes, PagesOfListedOriginsMayReadTheApiButNotHealthOrPage) {
    for (const Route& route : public_routes()) {
        // A page must not hold a service key.
        const bool by_service_key = route.path.starts_with("/api/v1/admin/");
        const bool for_pages = route.path.starts_with("/api/") || route.path == "/openapi.json";
        EXPECT_EQ(route.readers == Readers::listed_origins, for_pages && !by_service_key) << route.path;
    }
}

TEST(Routes, PagesOfAnyOriginMayReadWhatOAuthClientsNeed) {
    const std::set<std::string_view> open = {"/oauth2/token",
                                             "/oauth2/revoke",
                                             "/oauth2/userinfo",
                                             "/.well-known/jwks.json",
                                             "/.well-known/oauth-authorization-server",
                                             "/.well-known/openid-configuration"};
    for (const Route& route : public_routes())
        EXPECT_EQ(route.readers == Readers::any_origin, open.contains(route.path)) << route.path;
}

TEST(Routes, MetricsHaveAListenerOfTheirOwn) {
    EXPECT_NE(http::find_route(metrics_routes(), verb::get, "/metrics").row, nullptr);
    EXPECT_EQ(http::find_route(metrics_routes(), verb::get, "/api/v1/verify").row, nullptr);
    EXPECT_EQ(find(verb::get, "/metrics").same_path, nullptr);
    EXPECT_EQ(metrics_routes().size(), 1u);
}

// The rows as a Markdown table. docs/routes.md holds it, for readers and for
// tests/blackbox/test_openapi.py.
std::string table() {
    std::string text =
        "| method | path | who may call | refusals | body |\n| --- | --- | --- | --- | --- |\n";
    for (const Route& route : public_routes()) {
        text.append("| ").append(route.any_method() ? "any" : http::name_of(route.method));
        text.append(" | `").append(route.path).append("` | ").append(name_of(route.who));
        text.append(" | ")
            .append(name_of(route.style))
            .append(" | ")
            .append(name_of(route.takes))
            .append(" |\n");
    }
    return text;
}

TEST(Routes, TheDocumentedTableIsTheRealOne) {
    std::ifstream file(SOURCE_DIR "/docs/routes.md");
    const std::string document(std::istreambuf_iterator<char>(file), {});
    EXPECT_NE(document.find("\n" + table()), std::string::npos) << "docs/routes.md must hold this table:\n"
                                                                << table();
}

TEST(Routes, OnlyProxiesMayUseAnyMethod) {
    for (const Route& route : public_routes())
        EXPECT_EQ(route.any_method(), route.path == "/api/v1/verify") << route.path;
}

TEST(Routes, AServiceKeysAnswersAreNotForPages) {
    for (const Route& route : public_routes())
        EXPECT_TRUE(route.who.kind != Who::Kind::service_key || route.who.scope == auth::Scope::feed ||
                    route.readers == Readers::own_origin)
            << route.path;
}

}  // namespace
}  // namespace coatcheck::web
