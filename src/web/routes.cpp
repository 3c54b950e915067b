// SPDX-License-Identifier: Apache-2.0
#include "web/routes.hpp"

#include "web/handlers.hpp"

namespace coatcheck::web {
namespace {

constexpr auto get = http::verb::get, post = http::verb::post, put = http::verb::put,
               patch = http::verb::patch, del = http::verb::delete_;

// Rows of one path stand together. The busiest come first: the table is searched from the top.
constexpr Route public_table[] = {
    {get, "/api/v1/verify", verify_token, nullptr, true, true},
    {post, "/api/v1/authentication", nullptr, sign_in},
    {get, "/api/v1/authentication", nullptr, who_am_i},
    {del, "/api/v1/authentication", nullptr, sign_out},
    {post, "/api/v1/authentication/refresh", nullptr, refresh},
    {post, "/api/v1/authentication/exchange", nullptr, exchange_token},
    {post, envelope_route, nullptr, sign_in_by_envelope},
    {get, "/api/v1/sessions", nullptr, list_sessions},
    {del, "/api/v1/sessions", nullptr, end_sessions},
    {del, "/api/v1/sessions/{id}", nullptr, end_session},
    {post, "/api/v1/users", nullptr, sign_up},
    {get, "/api/v1/users/me", nullptr, show_account},
    {patch, "/api/v1/users/me", nullptr, change_account},
    {del, "/api/v1/users/me", nullptr, delete_account},
    {put, "/api/v1/users/me/password", nullptr, change_password},
    {get, "/api/v1/admin/users", nullptr, list_managed_users, false},
    {post, "/api/v1/admin/users", nullptr, create_managed_user, false},
    {get, "/api/v1/admin/users/{id}", nullptr, show_managed_user, false},
    {patch, "/api/v1/admin/users/{id}", nullptr, change_managed_user, false},
    {del, "/api/v1/admin/users/{id}", nullptr, delete_managed_user, false},
    {get, "/api/v1/admin/sessions", nullptr, list_managed_sessions, false},
    {del, "/api/v1/admin/sessions", nullptr, end_managed_sessions, false},
    {del, "/api/v1/admin/sessions/{id}", nullptr, end_managed_session, false},
    {get, "/api/v1/revocations", show_revocations},
    {get, "/status-lists/{id}", nullptr, show_status_list, false},
    {post, "/oauth2/introspect", nullptr, introspect, false},
    {post, "/oauth2/revoke", nullptr, revoke},
    {get, "/.well-known/jwks.json", show_keys},
    {get, "/.well-known/oauth-authorization-server", show_metadata},
    {get, "/openapi.json", show_openapi},
    {get, "/healthz", show_health, nullptr, false},
    {get, "/readyz", nullptr, show_readiness, false},
    {get, "/sdk/{file}", show_sdk_file, nullptr, false},
    {get, "/dev/diagnosis", show_diagnosis, nullptr, false},
    {get, "/", show_page_file, nullptr, false},
    {get, "/page.js", show_page_file, nullptr, false},
    {get, "/page.css", show_page_file, nullptr, false},
    {get, "/icon.svg", show_page_file, nullptr, false},
};

constexpr Route metrics_table[] = {
    {get, "/metrics", show_metrics, nullptr, false},
};

// True if the path is the route's; `argument` becomes what {id} stands for.
bool fits(std::string_view pattern, std::string_view path, std::string_view& argument) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, brace))) return false;
    argument = path.substr(brace);
    return !argument.empty() && argument.find('/') == std::string_view::npos;
}

}  // namespace

std::span<const Route> public_routes() { return public_table; }
std::span<const Route> metrics_routes() { return metrics_table; }

Match find_route(std::span<const Route> routes, http::verb method, std::string_view path) {
    Match match;
    match.cross_origin = path.starts_with("/api/");  // pages may read that a route does not exist
    for (const Route& route : routes) {
        if (!fits(route.path, path, match.argument)) continue;
        match.cross_origin = route.cross_origin;
        if (route.any_method || route.method == method ||
            (method == http::verb::head && route.method == http::verb::get)) {
            match.route = &route;
            return match;
        }
        match.path_known = true;
        const auto name = http::to_string(route.method);
        match.allow.append(name.data(), name.size()).append(", ");
        if (route.method == http::verb::get) match.allow += "HEAD, ";
    }
    match.allow += "OPTIONS";
    return match;
}

}  // namespace coatcheck::web
