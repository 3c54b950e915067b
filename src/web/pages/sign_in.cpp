// SPDX-License-Identifier: Apache-2.0
// The page on which users sign in on their way to a client.
#include "auth/keys/tokens.hpp"
#include "auth/oauth/sign_in_again.hpp"
#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/reason.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/oauth/browser.hpp"
#include "web/pages/page.hpp"
#include "web/session/password_proof.hpp"

namespace coatcheck::web {
namespace {

using base::Reason;

constexpr std::string_view action = "/oauth2/sign-in";

void write_sign_in(Reply& reply, unsigned status, const Call& call, const AuthorizationRequest& request,
                   std::string_view login, std::string_view problem, std::string_view present_user = "") {
    const Words& words = words_for(call.request);
    const Html present = present_user.empty()
                             ? Html()
                             : html("<p class=\"detail\">{}</p>\n", name_in(words.other_ends, present_user));
    const Html alert = problem.empty() ? Html() : html("<p role=\"alert\" id=\"problem\">{}</p>\n", problem);
    const Html focus = html(" autofocus");
    const Html described = problem.empty() ? Html() : html(" aria-describedby=\"problem\"");
    const Html body =
        html("<p class=\"who\">{}</p>\n{}{}", name_in(words.sign_in_to, request.client->name), present,
             alert) +
        html(
            "<form method=\"post\" action=\"{}?{}\">\n"
            "<label for=\"login\">{}</label>\n"
            "<input id=\"login\" name=\"login\" value=\"{}\" autocomplete=\"username\" "
            "autocapitalize=\"none\" "
            "spellcheck=\"false\" maxlength=\"320\" required{}{}>\n"
            "<label for=\"password\">{}</label>\n"
            "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" "
            "required{}{}>\n"
            "<label class=\"check\"><input type=\"checkbox\" name=\"remember\" value=\"yes\"> {}</label>\n"
            "<button>{}</button>\n</form>\n",
            action, call.request.query, words.name, login, described, login.empty() ? focus : Html(),
            words.password, described, login.empty() ? Html() : focus, words.remember, words.sign_in);
    write_page(reply, status, words, words.sign_in, body, FormsLead::to_a_client);
}

}  // namespace

Answer show_sign_in(Call& call) {
    const Service& service = call.service();
    const auto request = parse_authorization_request(service.policy, service.clients, call.request.query);
    if (!request) co_return request.error();
    if (request->error)
        co_return refuse_client(call, *request, request->error->code, request->error->description);
    const auto who = co_await find_browser_session(call);
    Reply reply;
    write_sign_in(reply, 200, call, *request, request->login_hint, "", who ? who->user.username : "");
    co_return reply;
}

Answer sign_in_on_page(Call& call, PageSignIn form) {
    Service& service = call.service();
    const auto request = parse_authorization_request(service.policy, service.clients, call.request.query);
    if (!request) co_return request.error();
    if (request->error)
        co_return refuse_client(call, *request, request->error->code, request->error->description);
    auth::SignIn attempt;
    attempt.login = form.login;
    attempt.password = std::move(form.password);
    attempt.remember = form.remember;
    attempt.device = "Browser";
    attempt.address = call.request.address;
    attempt.asked = call.request.clocks.wall;
    const auto former = refresh_cookie(call);
    const auto proved = co_await prove_password(service, attempt);
    const Words& words = words_for(call.request);
    base::Result<auth::Granted> opened = base::Denied{Reason::internal_error};
    if (proved)
        opened = co_await in_store(service, auth::sign_in_again, service.policy, attempt, proved->candidate,
                                   proved->proof, former);
    else opened = proved.error();
    if (!opened) {
        const auto& denied = opened.error();
        const bool is_wrong = denied.reason == Reason::invalid_credentials;
        if (!is_wrong && denied.reason != Reason::too_many_attempts) co_return denied;
        Reply reply;
        write_sign_in(reply, is_wrong ? 200 : 429, call, *request, form.login,
                      is_wrong ? words.wrong : words.many);
        if (denied.retry_after.count() > 0)
            reply.field("Retry-After", std::to_string(denied.retry_after.count()));
        co_return reply;
    }
    const auto& granted = *opened;
    const auto tokens = auth::mint_tokens(service.current()->ring, service.policy, granted,
                                          proved->clocks.wall);
    const auth::SignedIn who{granted.session, granted.user};
    // The cookie of before is worth nothing any more, so the new one goes out whatever comes next.
    base::Result<Reply> answer = base::Denied{Reason::unavailable, std::chrono::seconds(1)};
    try {
        answer = co_await go_on(call, *request, who, false);
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "request_failed",
                         {{"route", std::string(action)}, {"reason", failure.what()}});
    }
    Reply reply;
    if (answer) reply = *std::move(answer);
    else write_error_page(reply, call.request, answer.error());
    set_cookie(reply, CookieKind::refresh, tokens.refresh, granted.session.idle_end, service.settings.dev);
    clear_if_sent(reply, call.request, CookieKind::access, service.settings.dev);
    co_return reply;
}

}  // namespace coatcheck::web
