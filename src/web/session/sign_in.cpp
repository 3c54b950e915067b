// SPDX-License-Identifier: Apache-2.0
// The ways to open a session: by password, by password in the envelope dialect, by a foreign token.
#include "auth/sessions/sign_in.hpp"

#include "base/reason.hpp"
#include "web/answers.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/session/password_proof.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

struct Opened {
    auth::Granted granted;
    base::Timestamp now;  // the time at which its tokens are issued
};

// The flow of every sign-in: the user is looked up, shows a proof, and gets a session or the refusal.
asio::awaitable<Result<Opened>> open_session(Service& service, const auth::SignIn& form) {
    const auto proved = co_await prove_password(service, form);
    if (!proved) co_return proved.error();
    auto granted = co_await in_store(service, auth::open_session, service.policy, form, proved->candidate,
                                     proved->proof);
    if (!granted) co_return granted.error();
    co_return Opened{*std::move(granted), proved->clocks.wall};
}

// Clears the cookies of an earlier sign-in with another delivery, so that the browser no longer sends them.
void clear_other_deliveries(Reply& reply, const Call& call, auth::Delivery delivery) {
    const bool dev = call.service().settings.dev;
    if (delivery != auth::Delivery::cookie) clear_if_sent(reply, call.request, CookieKind::access, dev);
    if (delivery == auth::Delivery::body) clear_if_sent(reply, call.request, CookieKind::refresh, dev);
}

}  // namespace

Answer sign_in(Call& call, auth::SignIn form) {
    Service& service = call.service();
    const auto opened = co_await open_session(service, form);
    if (!opened) co_return opened.error();
    const auto& [granted, now] = *opened;
    auto tokens = auth::mint_tokens(service.current()->ring, service.policy, granted, now);
    if (form.crypt) {
        service.metrics.count(Dialect::crypt);
        tokens.access = service.crypt->write({granted.user.id, tokens.access_end - tokens.life,
                                              tokens.access_end, granted.session.id, granted.user.version});
        tokens.type = "crypt";
    }
    Reply reply = tokens_reply(service.settings, granted, tokens);
    clear_other_deliveries(reply, call, form.delivery);
    co_return reply;
}

Answer sign_in_by_envelope(Call& call, auth::SignIn form) {
    Service& service = call.service();
    const auto opened = co_await open_session(service, form);
    if (!opened) co_return opened.error();
    const auto& [granted, now] = *opened;
    Reply reply = envelope_reply(granted,
                                 auth::mint_tokens(service.current()->ring, service.policy, granted, now));
    clear_other_deliveries(reply, call, form.delivery);
    co_return reply;
}

Answer exchange_token(Call& call, auth::Exchange form) {
    Service& service = call.service();
    if (service.foreign == nullptr)
        co_return Denied{
            Reason::token_not_ours, {}, "foreign tokens are not accepted: accept.foreign_file is not set"};
    const auto claims = service.foreign->check(form.token.reveal(), call.request.now);
    if (!claims) co_return claims.error();
    form.session = claims->session;
    form.user = claims->subject;
    form.issuer = claims->issuer;
    form.issued = claims->issued;
    form.foreign_end = claims->foreign_end;
    const auto ring = service.current();
    const auto granted = co_await in_store(service, auth::exchange, service.policy, *ring->ring.mac_key,
                                           form);
    if (!granted) co_return granted.error();
    service.metrics.count(Dialect::foreign);
    Reply reply = tokens_reply(
        service.settings, *granted,
        auth::mint_tokens(service.current()->ring, service.policy, *granted, call.request.clocks.wall));
    clear_other_deliveries(reply, call, form.delivery);
    co_return reply;
}

}  // namespace coatcheck::web
