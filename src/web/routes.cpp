// SPDX-License-Identifier: Apache-2.0
#include "web/routes.hpp"

#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

#include <cstdlib>

namespace coatcheck::web {
namespace {

using base::Reason;
using base::Result;

constexpr auto get = http::verb::get, post = http::verb::post, put = http::verb::put,
               patch = http::verb::patch, del = http::verb::delete_;
using enum Style;
using enum Takes;
using enum Readers;

constexpr Who users = service_key(auth::Scope::users), feed = service_key(auth::Scope::feed),
              resource_server = service_key(auth::Scope::introspect);

Answer refused(base::Denied denied) { co_return denied; }

// Makes a waiting handler for a route that reads a body: `Parse` turns the body into a form or refuses it,
// and `Handle` gets the form.
template <auto Parse, auto Handle>
Answer reads(Call& call) {
    auto form = Parse(call.request, call.service().settings);
    if (!form) return refused(std::move(form).error());
    return Handle(call, *std::move(form));
}

// Makes a waiting handler for a route that issues tokens.
template <auto Handle>
Answer issues(Call& call) {
    if (call.request.clocks.are_apart()) return refused(clock_wrong());
    return Handle(call);
}

Result<void> sign_up_is_on(const Service& service, const Request&) {
    return service.policy.sign_up ? Result<void>() : Reason::sign_up_disabled;
}
Result<void> envelope_is_on(const Service& service, const Request& request) {
    return service.settings.takes(Dialect::envelope, request.now) ? Result<void>() : Reason::not_found;
}
Result<void> status_lists_are_on(const Service& service, const Request&) {
    return service.policy.status_lists ? Result<void>() : Reason::not_found;
}
Result<void> oauth_is_on(const Service& service, const Request&) {
    return service.policy.oauth.enabled ? Result<void>() : Reason::not_found;
}
Result<void> in_development(const Service& service, const Request&) {
    return service.settings.dev ? Result<void>() : Reason::not_found;
}

// clang-format off
constexpr Route public_table[] = {
    {get, "/api/v1/verify", any_token, proxy, nothing, verify_token},
    {post, "/api/v1/authentication", same_site, problem, json, issues<reads<parse_sign_in, sign_in>>},
    {get, "/api/v1/authentication", any_token, problem, nothing, who_am_i},
    {del, "/api/v1/authentication", session_token, problem, optional_json, sign_out},
    {get, "/api/v1/authentication/events", user_token, problem, nothing, watch_session},
    {post, "/api/v1/authentication/refresh", refresh_token, problem, optional_json, issues<refresh>},
    {post, "/api/v1/authentication/exchange", same_site, problem, json, issues<reads<parse_exchange, exchange_token>>},
    {post, envelope_route, same_site, envelope, json_or_form, issues<reads<parse_envelope_sign_in, sign_in_by_envelope>>,
     listed_origins, envelope_is_on},
    {get, "/api/v1/sessions", user_token, problem, nothing, list_sessions},
    {del, "/api/v1/sessions", user_token, problem, nothing, end_sessions},
    {del, "/api/v1/sessions/{id}", user_token, problem, nothing, end_session},
    {get, "/api/v1/grants", user_token, problem, nothing, list_grants, listed_origins, oauth_is_on},
    {del, "/api/v1/grants/{id}", user_token, problem, nothing, disconnect_client, listed_origins, oauth_is_on},
    {post, "/api/v1/users", same_site, problem, json, reads<parse_sign_up, sign_up>, listed_origins, sign_up_is_on},
    {get, "/api/v1/users/me", user_token, problem, nothing, show_account},
    {patch, "/api/v1/users/me", user_token, problem, json, reads<parse_account_change, change_account>},
    {del, "/api/v1/users/me", user_token, problem, json, reads<parse_current_password, delete_account>},
    {put, "/api/v1/users/me/password", user_token, problem, json, issues<reads<parse_password_change, change_password>>},
    {get, "/api/v1/admin/users", users, problem, nothing, list_managed_users, own_origin},
    {post, "/api/v1/admin/users", users, problem, json, reads<parse_new_user, create_managed_user>, own_origin},
    {get, "/api/v1/admin/users/{id}", users, problem, nothing, show_managed_user, own_origin},
    {patch, "/api/v1/admin/users/{id}", users, problem, json, reads<parse_user_change, change_managed_user>, own_origin},
    {del, "/api/v1/admin/users/{id}", users, problem, nothing, delete_managed_user, own_origin},
    {get, "/api/v1/admin/sessions", users, problem, nothing, list_managed_sessions, own_origin},
    {del, "/api/v1/admin/sessions", users, problem, nothing, end_managed_sessions, own_origin},
    {del, "/api/v1/admin/sessions/{id}", users, problem, nothing, end_managed_session, own_origin},
    {get, "/api/v1/revocations", feed, problem, nothing, show_revocations},
    {get, "/status-lists/{id}", anyone, problem, nothing, show_status_list, own_origin, status_lists_are_on},
    {post, "/oauth2/introspect", resource_server, oauth, form, reads<parse_token_form, introspect>, own_origin},
    {post, "/oauth2/revoke", anyone, oauth, form, reads<parse_token_form, revoke>, any_origin},
    {get, "/oauth2/authorize", anyone, page, nothing, issues<authorize>, own_origin, oauth_is_on},
    {post, "/oauth2/authorize", anyone, page, form, authorize_by_form, own_origin, oauth_is_on},
    {get, "/oauth2/sign-in", anyone, page, nothing, show_sign_in, own_origin, oauth_is_on},
    {post, "/oauth2/sign-in", browser_form, page, form, issues<reads<parse_page_sign_in, sign_in_on_page>>, own_origin, oauth_is_on},
    {get, "/oauth2/consent", anyone, page, nothing, show_consent, own_origin, oauth_is_on},
    {post, "/oauth2/consent", browser_form, page, form, issues<reads<parse_page_form, decide_consent>>, own_origin, oauth_is_on},
    {get, "/oauth2/logout", anyone, page, nothing, log_out, own_origin, oauth_is_on},
    {post, "/oauth2/logout", anyone, page, form, log_out_by_form, own_origin, oauth_is_on},
    {get, "/oauth2/pages.css", anyone, problem, nothing, show_pages_style, own_origin, oauth_is_on},
    {post, "/oauth2/token", oauth_client, oauth, form, issues<reads<parse_token_request, give_tokens>>, any_origin, oauth_is_on},
    {get, "/oauth2/userinfo", client_token, problem, nothing, show_userinfo, any_origin, oauth_is_on},
    {post, "/oauth2/userinfo", client_token, problem, nothing, show_userinfo, any_origin, oauth_is_on},
    {get, "/.well-known/openid-configuration", anyone, problem, nothing, show_metadata, any_origin, oauth_is_on},
    {get, "/.well-known/jwks.json", anyone, problem, nothing, show_keys, any_origin},
    {get, "/.well-known/oauth-authorization-server", anyone, problem, nothing, show_metadata, any_origin},
    {get, "/openapi.json", anyone, problem, nothing, show_openapi},
    {get, "/healthz", anyone, problem, nothing, show_health, own_origin},
    {get, "/readyz", anyone, problem, nothing, show_readiness, own_origin},
    {get, "/sdk/{file}", anyone, problem, nothing, show_sdk_file, own_origin},
    {get, "/dev/diagnosis", anyone, problem, nothing, show_diagnosis, own_origin, in_development},
    {get, "/", anyone, problem, nothing, show_page_file, own_origin},
    {get, "/page.js", anyone, problem, nothing, show_page_file, own_origin},
    {get, "/page.css", anyone, problem, nothing, show_page_file, own_origin},
    {get, "/icon.svg", anyone, problem, nothing, show_page_file, own_origin},
};

constexpr Route metrics_table[] = {
    {get, "/metrics", anyone, problem, nothing, show_metrics, own_origin},
};
// clang-format on

}  // namespace

std::span<const Route> public_routes() { return public_table; }
std::span<const Route> metrics_routes() { return metrics_table; }

std::string name_of(Who who) {
    switch (who.kind) {
        case Who::Kind::anyone: return "anyone";
        case Who::Kind::same_site: return "same site";
        case Who::Kind::user_token: return "user token";
        case Who::Kind::any_token: return "any token";
        case Who::Kind::refresh_token: return "refresh token";
        case Who::Kind::session_token: return "session token";
        case Who::Kind::client: return "client";
        case Who::Kind::client_token: return "client's token";
        case Who::Kind::browser_form: return "form of our pages";
        case Who::Kind::service_key: return "service key: " + std::string(auth::name_of(who.scope));
    }
    std::abort();
}

std::string_view name_of(Style style) {
    switch (style) {
        case Style::problem: return "problem";
        case Style::envelope: return "envelope";
        case Style::oauth: return "oauth";
        case Style::proxy: return "proxy";
        case Style::page: return "page";
    }
    std::abort();
}

std::string_view name_of(Takes takes) {
    switch (takes) {
        case Takes::nothing: return "";
        case Takes::json: return "JSON";
        case Takes::optional_json: return "JSON or nothing";
        case Takes::form: return "form";
        case Takes::json_or_form: return "JSON or form";
    }
    std::abort();
}

}  // namespace coatcheck::web
