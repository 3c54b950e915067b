// SPDX-License-Identifier: Apache-2.0
// The authorization endpoint (RFC 6749 §3.1): sends the browser back to the client with a code, or first to
// the pages where the user signs in and agrees.
#include "base/reason.hpp"
#include "token/id_token.hpp"
#include "web/handlers.hpp"
#include "web/oauth/browser.hpp"
#include "web/oauth/id_hint.hpp"
#include "web/pages/page.hpp"

namespace coatcheck::web {

Answer authorize(Call& call) {
    const Service& service = call.service();
    const auto request = parse_authorization_request(service.policy, service.clients, call.request.query);
    if (!request) co_return request.error();
    if (request->error)
        co_return refuse_client(call, *request, request->error->code, request->error->description);

    std::optional<token::IdHint> hint;
    if (!request->id_token_hint.empty()) {
        hint = read_id_hint(service, request->id_token_hint);
        if (!hint)
            co_return refuse_client(call, *request, "invalid_request",
                                    "id_token_hint is no ID token of ours");
    }
    const auto who = co_await find_browser_session(call);
    const bool is_other_user = hint && who && hint->subject != who->user.id;
    const bool is_too_old = who && request->max_age &&
                            call.request.clocks.steady - who->session.recognised() >
                                std::chrono::seconds(*request->max_age);
    if (!who || is_other_user || is_too_old || request->asks_sign_in) {
        if (request->asks_nothing) co_return refuse_client(call, *request, "login_required");
        co_return see_other("/oauth2/sign-in?" + std::string(call.request.query));
    }
    co_return co_await go_on(call, *request, *who, false);
}

// A POST from the client's site carries no SameSite=Lax cookie. The GET that it leads to does (RFC 9700
// §4.12).
Answer authorize_by_form(Call& call) { co_return go_on_by_get(call, "/oauth2/authorize"); }

}  // namespace coatcheck::web
