// SPDX-License-Identifier: Apache-2.0
// The session of the presented credential: shows it, refreshes its tokens, ends it.
#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"

#include "base/reason.hpp"
#include "web/answers.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {

using base::Denied;
using base::Reason;
using base::Result;

Answer who_am_i(Call& call) {
    const token::AccessClaims& claims = *call.user;
    if (claims.session.empty())
        co_return Denied{
            Reason::token_not_ours, {}, "another issuer made this token: it has no session here"};
    const auto found = co_await from_store(call.service(), auth::find_session_and_user, claims.session,
                                           claims.subject);
    if (!found.session && claims.is_foreign())
        co_return Denied{
            Reason::token_not_ours, {}, "another issuer made this token: exchange it for a session"};
    if (!found.user || !found.session || found.session->ended) co_return Reason::token_revoked;
    const auto expires = base::unix_seconds(claims.expires);
    co_return json_reply(200, {{"user", user_json(*found.user)},
                               {"session", session_json(*found.session, found.session->id)},
                               {"expires_at", expires},
                               {"expires_in", expires - base::unix_seconds(call.request.now)}});
}

Answer refresh(Call& call) {
    Service& service = call.service();
    const auto& [token, by_cookie] = *call.refresh;
    const auto rotation = auth::rotation_of(service.policy, token, by_cookie);
    const auto make = [&](Result<auth::Granted> granted) -> Result<Reply> {
        if (!granted) return granted.error();
        // This uses the present key ring: a key may have been revoked while the step waited.
        const auto tokens = auth::mint_tokens(service.current()->ring, service.policy, *granted,
                                              call.request.clocks.wall);
        return tokens_reply(service.settings, *granted, tokens);
    };
    co_return co_await rotate_in_store(service, rotation, make, auth::refresh, service.policy, token,
                                       rotation, call.request.address);
}

Answer sign_out(Call& call) {
    Service& service = call.service();
    const SignOutTarget& target = *call.sign_out_target;
    const auto actor = call.actor();
    if (target.session.empty()) {
        // Nothing to end.
    } else if (target.foreign) {
        co_await in_store(service, auth::end_foreign, *target.foreign, actor);
    } else if (!target.secret_hash.empty()) {
        co_await in_store(service, auth::end_presented_session, target.session, target.secret_hash,
                          call.request.address);
    } else {
        const std::string event = "sign_out";
        co_await in_store(service, auth::end_session, target.session, event, actor);
    }
    Reply reply = no_content();
    if (target.any_cookie || target.session.empty()) {
        clear_cookie(reply, CookieKind::access, service.settings.dev);
        clear_cookie(reply, CookieKind::refresh, service.settings.dev);
    }
    co_return reply;
}

}  // namespace coatcheck::web
