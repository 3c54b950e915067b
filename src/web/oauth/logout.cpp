// SPDX-License-Identifier: Apache-2.0
// A client signs its user out here as well (OpenID Connect RP-Initiated Logout 1.0).
#include "auth/keys/tokens.hpp"
#include "auth/sessions/end.hpp"
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/cookies.hpp"
#include "web/cross_site.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/oauth/browser.hpp"
#include "web/oauth/id_hint.hpp"
#include "web/pages/page.hpp"

#include <algorithm>

namespace coatcheck::web {
namespace {

constexpr std::string_view action = "/oauth2/logout";

struct LogoutRequest {
    std::optional<token::IdHint> hint;  // of a token of ours
    std::shared_ptr<const auth::Client> client;
    std::string return_to;  // a registered address with `state`; empty: none
};

LogoutRequest read_request(const Service& service, std::string_view query) {
    LogoutRequest request;
    const auto value = [&](std::string_view name) { return form_field_or(query, name, ""); };
    const auto hint = value("id_token_hint"), id = value("client_id"),
               uri = value("post_logout_redirect_uri"), state = value("state");
    if (!hint || !id || !uri || !state) return request;
    if (!hint->empty()) request.hint = read_id_hint(service, *hint);
    // A hint that was given to another client than the one that asks counts as none.
    if (request.hint && !id->empty() && *id != request.hint->client) request.hint.reset();
    request.client = service.clients.find(request.hint ? request.hint->client : *id);
    if (request.client == nullptr) return request;
    const auto& known = request.client->logout_uris;
    if (std::find(known.begin(), known.end(), *uri) == known.end()) return request;
    request.return_to = *uri;
    if (!state->empty()) {
        request.return_to += request.return_to.find('?') == std::string::npos ? '?' : '&';
        request.return_to.append("state=").append(base::percent_encode(*state));
    }
    return request;
}

Reply signed_out(const Call& call, const LogoutRequest& request) {
    const bool dev = call.service().settings.dev;
    const Words& words = words_for(call.request);
    Reply reply;
    if (request.return_to.empty())
        write_page(reply, 200, words, words.signed_out, html("<p>{}</p>\n", words.signed_out_text));
    else reply = see_other(request.return_to);
    clear_sent_cookies(reply, call.request, dev);
    return reply;
}

Answer sign_out_of(Call& call, LogoutRequest request, auth::SignedIn who) {
    const std::string event = "sign_out";
    const auto actor = call.actor();
    co_await in_store(call.service(), auth::end_session, who.session.id, event, actor);
    co_return signed_out(call, request);
}

}  // namespace

Answer log_out(Call& call) {
    // An image or a script of any page may ask for this address, and nobody is signed out by that.
    if (!is_navigation(call.request)) co_return base::Reason::csrf_refused;
    const Service& service = call.service();
    const auto request = read_request(service, call.request.query);
    const auto who = co_await find_browser_session(call);
    if (!who) co_return signed_out(call, request);
    const bool means_this_session = request.hint && request.client && request.hint->subject == who->user.id &&
                                    request.hint->session == auth::id_token_session(service.current()->ring,
                                                                                    who->session.id,
                                                                                    request.client->id);
    if (means_this_session) co_return co_await sign_out_of(call, request, *who);
    // Any site can send a browser here, so the user decides.
    const Words& words = words_for(call.request);
    Reply reply;
    write_page(
        reply, 200, words, words.sign_out,
        html("<p>{}</p>\n<p>{}</p>\n"
             "<form method=\"post\" action=\"{}?{}\">\n<input type=\"hidden\" name=\"mac\" value=\"{}\">\n"
             "<button name=\"decision\" value=\"yes\">{}</button>\n</form>\n",
             name_in(words.as, who->user.username), words.sign_out_question, action, call.request.query,
             form_mac(service, who->session.id, action, call.request.query), words.sign_out),
        request.return_to.empty() ? FormsLead::here : FormsLead::to_a_client);
    co_return reply;
}

// Our own form, or a client's site, whose POST carries no SameSite=Lax cookie: it goes on as a GET.
Answer log_out_by_form(Call& call) {
    const Service& service = call.service();
    const auto mac = form_field_or(call.request.body, "mac", "");
    if (!mac || mac->empty()) {
        co_return go_on_by_get(call, action);
    }
    if (!is_from_own_page(call.request, service.settings) || !is_navigation(call.request))
        co_return base::Reason::csrf_refused;
    const auto request = read_request(service, call.request.query);
    const auto who = co_await find_browser_session(call);
    if (!who) co_return signed_out(call, request);
    if (!base::equal_in_constant_time(*mac, form_mac(service, who->session.id, action, call.request.query)))
        co_return base::Reason::csrf_refused;
    co_return co_await sign_out_of(call, request, *who);
}

}  // namespace coatcheck::web
