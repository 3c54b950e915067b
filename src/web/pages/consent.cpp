// SPDX-License-Identifier: Apache-2.0
// The page on which a user allows a client to act for them.
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/oauth/browser.hpp"
#include "web/pages/page.hpp"

#include <algorithm>

namespace coatcheck::web {
namespace {

using base::Reason;

constexpr std::string_view action = "/oauth2/consent";

// What a scope permits, in words: once for each of the resources that the token is for; the name of an
// unknown one.
std::vector<std::string> meanings_of(const Words& words, const auth::Policy& policy, const std::string& scope,
                                     const std::vector<std::string>& resources) {
    if (scope == auth::openid) return {std::string(words.openid)};
    if (scope == auth::profile) return {std::string(words.profile)};
    if (scope == auth::email) return {std::string(words.email)};
    if (scope == auth::offline_access) return {std::string(words.offline_access)};
    if (scope == auth::roles_scope) return {std::string(words.roles)};
    std::vector<std::string> meanings;
    for (const auto& resource : policy.oauth.resources) {
        const bool is_asked = resources.empty() ||
                              std::find(resources.begin(), resources.end(), resource.uri) != resources.end();
        for (const auto& [name, meaning] : resource.scopes)
            if (is_asked && name == scope)
                meanings.push_back(resource.name.empty() ? meaning : resource.name + ": " + meaning);
    }
    return meanings.empty() ? std::vector{scope} : meanings;
}

Html page_body(const Call& call, const AuthorizationRequest& request, const auth::SignedIn& who,
               const Words& words) {
    Html scopes;
    for (const auto& scope : request.scope)
        for (const auto& meaning : meanings_of(words, call.service().policy, scope, request.resources))
            scopes = std::move(scopes) + html("<li>{}</li>\n", meaning);
    const bool is_local = !request.redirect_uri.starts_with("https://");
    const auto query = call.request.query;
    return html("<p class=\"who\">{} · <a href=\"/oauth2/sign-in?{}\">{}</a></p>\n",
                name_in(words.as, who.user.username), query, words.other_account) +
           html("<p>{}</p>\n<ul>\n{}</ul>\n", name_in(words.wants, request.client->name), scopes) +
           (is_local ? html("<p class=\"warning\">{}</p>\n", words.this_computer) : Html()) +
           html("<p class=\"detail\">{}</p>\n",
                name_in(words.goes_to, auth::origin_of_uri(request.redirect_uri))) +
           html(
               "<form method=\"post\" action=\"{}?{}\">\n<input type=\"hidden\" name=\"mac\" value=\"{}\">\n"
               "<button name=\"decision\" value=\"allow\">{}</button>\n"
               "<button name=\"decision\" value=\"deny\" class=\"other\">{}</button>\n</form>\n",
               action, query, form_mac(call.service(), who.session.id, action, query), words.allow,
               words.deny);
}

// The request and the user, or the answer where there is nothing to decide.
struct Place {
    AuthorizationRequest request;
    std::optional<auth::SignedIn> who;
};
asio::awaitable<base::Result<Place>> find_place(Call& call) {
    const Service& service = call.service();
    auto request = parse_authorization_request(service.policy, service.clients, call.request.query);
    if (!request) co_return request.error();
    auto who = co_await find_browser_session(call);
    if (who && needs_sign_in(*request, *who, call.request.clocks.steady)) who.reset();
    co_return Place{*std::move(request), std::move(who)};
}

Reply to_sign_in(const Call& call) { return see_other("/oauth2/sign-in?" + std::string(call.request.query)); }

}  // namespace

Answer show_consent(Call& call) {
    const auto place = co_await find_place(call);
    if (!place) co_return place.error();
    const auto& [request, who] = *place;
    if (request.error)
        co_return refuse_client(call, request, request.error->code, request.error->description);
    if (!who) co_return to_sign_in(call);
    const Words& words = words_for(call.request);
    Reply reply;
    write_page(reply, 200, words, name_in(words.allow_title, request.client->name),
               page_body(call, request, *who, words), FormsLead::to_a_client);
    co_return reply;
}

Answer decide_consent(Call& call, PageForm form) {
    const auto place = co_await find_place(call);
    if (!place) co_return place.error();
    const auto& [request, who] = *place;
    if (request.error)
        co_return refuse_client(call, request, request.error->code, request.error->description);
    if (!who) co_return to_sign_in(call);
    if (!base::equal_in_constant_time(form.mac,
                                      form_mac(call.service(), who->session.id, action, call.request.query)))
        co_return Reason::csrf_refused;
    if (form.decision != "allow")
        co_return refuse_client(call, request, "access_denied", "the user did not agree");
    co_return co_await go_on(call, request, *who, true);
}

}  // namespace coatcheck::web
