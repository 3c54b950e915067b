// SPDX-License-Identifier: Apache-2.0
#include "web/oauth/browser.hpp"

#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "verify/request_rules.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/oauth/id_hint.hpp"
#include "web/pages/page.hpp"

#include <algorithm>

namespace coatcheck::web {

using base::Denied;
using base::Reason;

bool is_navigation(const Request& request) {
    const auto says = [&](std::string_view name, std::string_view value) {
        return request.count(name) == 0 || request.value(name) == value;
    };
    return says("Sec-Fetch-Mode", "navigate") && says("Sec-Fetch-Dest", "document");
}

base::Result<Reply> go_on_by_get(const Call& call, std::string_view path) {
    const std::string_view form = call.request.body;
    const auto is_visible = [](unsigned char c) { return c > ' ' && c < 0x7f; };
    if (form.size() > most_query_bytes || !std::all_of(form.begin(), form.end(), is_visible))
        return Denied{
            Reason::malformed_request, {}, "the form must be percent-encoded, and have at most 12 KiB"};
    return see_other(std::string(path) + "?" + std::string(form));
}

namespace {

auth::AuthorizationCode asked_for(const AuthorizationRequest& request, const auth::SignedIn& who) {
    auth::AuthorizationCode asked;
    asked.client = request.client->id;
    asked.user = who.user.id;
    asked.user_version = who.user.version;
    asked.parent = who.session.id;
    asked.redirect_uri = request.redirect_uri;
    asked.challenge = request.challenge;
    asked.scope = request.scope;
    asked.resources = request.resources;
    asked.nonce = request.nonce;
    asked.authenticated = who.session.recognised();
    asked.amr = who.session.amr;
    return asked;
}

}  // namespace

std::optional<token::RefreshToken> refresh_cookie(const Call& call) {
    const Service& service = call.service();
    const auto cookie = verify::find_cookie(call.request,
                                            cookie_name(CookieKind::refresh, service.settings.dev));
    if (!cookie || cookie->empty()) return std::nullopt;
    auto token = token::RefreshToken::parse(*cookie, 1, *service.current()->ring.mac_key);
    return token ? std::optional(*std::move(token)) : std::nullopt;
}

asio::awaitable<std::optional<auth::SignedIn>> find_browser_session(Call& call) {
    const auto token = refresh_cookie(call);
    if (!token || !is_navigation(call.request)) co_return std::nullopt;
    Service& service = call.service();
    auto who = co_await in_store(service, auth::find_signed_in, service.policy, *token, call.request.address);
    if (!who) co_return std::nullopt;
    co_return *std::move(who);
}

Reply answer_client(const Call& call, const AuthorizationRequest& request,
                    std::vector<std::pair<std::string_view, std::string>> parameters) {
    if (!request.state.empty()) parameters.emplace_back("state", request.state);
    parameters.emplace_back("iss", call.service().policy.issuer);
    if (request.form_post) {
        const Words& words = words_for(call.request);
        Html fields;
        for (const auto& [name, value] : parameters)
            fields = std::move(fields) +
                     html("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", name, value);
        Reply reply;
        write_page(
            reply, 200, words, words.go_on,
            html("<p>{}</p>\n<form method=\"post\" action=\"{}\">\n{}<button>{}</button>\n</form>\n",
                 name_in(words.go_on_text, request.client->name), request.redirect_uri, fields, words.go_on),
            FormsLead::to_a_client);
        return reply;
    }
    std::string address = request.redirect_uri;
    char separator = address.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [name, value] : parameters) {
        address.append(1, separator).append(name).append("=").append(base::percent_encode(value));
        separator = '&';
    }
    return see_other(address);
}

Reply refuse_client(const Call& call, const AuthorizationRequest& request, std::string_view error,
                    std::string_view description) {
    std::vector<std::pair<std::string_view, std::string>> parameters{{"error", std::string(error)}};
    if (!description.empty()) parameters.emplace_back("error_description", description);
    return answer_client(call, request, std::move(parameters));
}

bool needs_sign_in(const AuthorizationRequest& request, const auth::SignedIn& who, base::Timestamp now) {
    // The way through our own pages takes a while. The client compares auth_time itself.
    constexpr std::chrono::minutes on_the_way{10};
    const auto age = now - who.session.recognised();
    if (request.asks_sign_in && age > on_the_way) return true;
    return request.max_age &&
           age > std::max<base::Duration>(std::chrono::seconds(*request.max_age), on_the_way);
}

Answer go_on(Call& call, AuthorizationRequest request, auth::SignedIn who, bool consents) {
    Service& service = call.service();
    const auto asked = asked_for(request, who);
    if (!request.id_token_hint.empty()) {
        const auto hint = read_id_hint(service, request.id_token_hint);
        if (!hint || hint->subject != who.user.id) co_return refuse_client(call, request, "login_required");
    }
    base::Result<std::string> code = Denied{Reason::consent_required};
    if (consents || !request.asks_consent)
        code = co_await in_store(service, auth::give_code, service.policy, asked, consents);
    if (code) co_return answer_client(call, request, {{"code", *code}});
    switch (code.error().reason) {
        case Reason::consent_required:
            if (request.asks_nothing) co_return refuse_client(call, request, "consent_required");
            co_return see_other("/oauth2/consent?" + std::string(call.request.query));
        case Reason::session_ended:
            if (request.asks_nothing) co_return refuse_client(call, request, "login_required");
            co_return see_other("/oauth2/sign-in?" + std::string(call.request.query));
        default: co_return code.error();
    }
}

}  // namespace coatcheck::web
