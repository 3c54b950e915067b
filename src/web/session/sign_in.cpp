// SPDX-License-Identifier: Apache-2.0
// Sign in, who am I, refresh, sign out.
#include "auth/sessions.hpp"
#include "web/answers.hpp"
#include "web/credentials.hpp"
#include "web/cross_site.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <boost/json/serialize.hpp>

namespace coatcheck::web {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

void answer_with_tokens(const Context& context, Response& response, const auth::Granted& granted,
                        base::Timestamp now, bool crypt = false) {
    const auto& service = context.service;
    auto tokens = auth::mint_tokens(service.ring.get()->ring, service.policy, granted, now);
    if (crypt) {
        tokens.access = service.crypt->write({granted.user.id, tokens.access_end - tokens.life,
                                              tokens.access_end, granted.session.id, granted.user.version});
        tokens.type = "crypt";
    }
    write_tokens(response, service.settings, granted, tokens);
}

// A browser that was signed in another way before must not go on carrying the cookies of that.
void clear_other_deliveries(Response& response, const Request& request, const Settings& settings,
                            auth::Delivery delivery) {
    if (delivery != auth::Delivery::cookie)
        clear_if_sent(response, request, CookieKind::access, settings.dev);
    if (delivery == auth::Delivery::body) clear_if_sent(response, request, CookieKind::refresh, settings.dev);
}

struct Opened {
    auth::Granted granted;
    base::Timestamp now;  // for its tokens
};

// A session for who knows the password, or why not.
boost::asio::awaitable<Result<Opened>> open_session(Service& service, const auth::SignIn& form) {
    Result<auth::Candidate> candidate = Denied{Reason::internal_error};
    co_await in_store(service, [&](auth::Store& store) {
        candidate = Denied{
            Reason::internal_error};  // where this runs again: the slot of before is given back
        candidate = auth::look_up(store, service.in_flight, form);
    });
    if (!candidate) co_return candidate.error();

    auth::PasswordVerdict verdict;
    const auto now = co_await in_hashing_pool(
        service, [&] { verdict = auth::check_password(candidate->user, form.password); });

    Result<auth::Granted> granted = Denied{Reason::internal_error};
    co_await in_store(service, [&](auth::Store& store) {
        granted = auth::open_session(store, service.policy, form, *candidate, verdict);
    });
    if (!granted) co_return granted.error();
    co_return Opened{*std::move(granted), now};
}

}  // namespace

Waits sign_in(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    if (!site_is_allowed(request, service.settings, verify::SiteProof::where_browser))
        co_return write_problem(response, {Reason::csrf_refused});
    const auto form = parse_sign_in(request, service.settings.takes(Dialect::crypt, request.now));
    if (!form) co_return write_problem(response, form.error());

    const auto opened = co_await open_session(service, *form);
    if (!opened) co_return write_problem(response, opened.error());
    clear_other_deliveries(response, request, service.settings, form->delivery);
    if (form->crypt) service.count(Dialect::crypt);
    answer_with_tokens(context, response, opened->granted, opened->now, form->crypt);
}

Waits exchange_token(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    if (!site_is_allowed(request, service.settings, verify::SiteProof::where_browser))
        co_return write_problem(response, {Reason::csrf_refused});
    auto form = parse_exchange(request);
    if (!form) co_return write_problem(response, form.error());
    if (service.foreign == nullptr)
        co_return write_problem(response,
                                {Reason::token_not_ours, {}, "no other issuer's tokens are taken here"});
    const auto claims = service.foreign->check(form->token.reveal(), request.now);
    if (!claims) co_return write_problem(response, claims.error());
    form->session = claims->session;
    form->user = claims->subject;
    form->issuer = claims->issuer;
    form->issued = claims->issued;
    form->foreign_end = claims->foreign_end;
    const auto mac_key = service.ring.get()->ring.mac_key;
    Result<auth::Granted> granted = Denied{Reason::internal_error};
    co_await in_store(service, [&](auth::Store& store) {
        granted = auth::exchange(store, service.policy, *mac_key, *form);
    });
    if (!granted) co_return write_problem(response, granted.error());
    service.count(Dialect::foreign);
    clear_other_deliveries(response, request, service.settings, form->delivery);
    answer_with_tokens(context, response, *granted, request.now);
}

Waits sign_in_by_envelope(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    if (!service.settings.takes(Dialect::envelope, request.now))
        co_return write_problem(response, {Reason::not_found});
    service.count(Dialect::envelope);
    const auto refuse = [&](const Denied& denied) { write_envelope_problem(response, denied); };
    if (!site_is_allowed(request, service.settings, verify::SiteProof::where_browser))
        co_return refuse({Reason::csrf_refused});
    const auto form = parse_envelope_sign_in(request);
    if (!form) co_return refuse(form.error());
    const auto opened = co_await open_session(service, *form);
    if (!opened) co_return refuse(opened.error());
    clear_other_deliveries(response, request, service.settings, form->delivery);
    write_envelope(response, opened->granted,
                   auth::mint_tokens(service.ring.get()->ring, service.policy, opened->granted, opened->now));
}

Waits who_am_i(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response, Takes::any);
    if (!claims) co_return;
    if (claims->session.empty())
        co_return write_problem(
            response, {Reason::token_not_ours, {}, "another issued this token: it has no session here"});

    std::optional<auth::User> user;
    std::optional<auth::Session> session;
    co_await from_store(service, [&](auth::Store& store) {
        user = store.find_user(claims->subject);
        session = store.find_session(claims->session);
        if (!session || session->ended) store.catch_up();
    });
    if (!session && claims->is_foreign())
        co_return write_problem(
            response, {Reason::token_not_ours, {}, "another issued this token: exchange it for a session"});
    if (!user || !session || session->ended) co_return write_problem(response, {Reason::token_revoked});
    const auto expires = base::unix_seconds(claims->expires);
    write_json(response, 200,
               boost::json::serialize(
                   boost::json::object{{"user", user_json(*user)},
                                       {"session", session_json(*session, session->id)},
                                       {"expires_at", expires},
                                       {"expires_in", expires - base::unix_seconds(request.now)}}));
}

Waits refresh(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto in_body = parse_refresh(request);
    if (!in_body) co_return write_problem(response, in_body.error());
    const auto credential = find_refresh_token(request, service.settings, *in_body);
    if (!credential) co_return write_problem(response, credential.error());
    if (credential->token.empty()) co_return write_problem(response, {Reason::refresh_token_missing});
    if (!site_is_allowed(
            request, service.settings,
            credential->by_cookie ? verify::SiteProof::always : verify::SiteProof::where_browser))
        co_return write_problem(response, {Reason::csrf_refused});
    const auto mac_key = service.ring.get()->ring.mac_key;
    const auto presented = token::RefreshToken::parse(credential->token, 1, *mac_key);
    if (!presented) co_return write_problem(response, presented.error());

    Result<auth::Granted> granted = Denied{Reason::internal_error};
    const auto rotation = auth::rotation_of(service.policy, *presented, credential->by_cookie);
    co_await in_store(
        service, rotation,
        [&](auth::Store& store) {
            granted = auth::refresh(store, service.policy, *mac_key, *presented, rotation, request.address);
        },
        [&] {
            if (granted) answer_with_tokens(context, response, *granted, request.now);
            else write_problem(response, granted.error());
        });
}

namespace {

// The session that a sign-out speaks of: by an access token of ours, expired or not, or by the refresh token.
struct SignOut {
    std::string session;                           // empty: nothing usable was presented
    std::string secret_hash;                       // where the refresh token was presented
    std::optional<token::AccessClaims> foreign{};  // where an older system's token was
    bool any_cookie = false;
};

// A cookie that no longer says anything is cleared, not complained about; a header or body is.
Result<SignOut> what_to_end(Context& context, const Request& request) {
    const Settings& settings = context.service.settings;
    const auto in_body = parse_refresh(request);
    if (!in_body) return in_body.error();
    const auto access = find_access_token(context.service, request);
    if (!access) return access.error();
    const auto refresh = find_refresh_token(request, settings, *in_body);
    if (!refresh) return refresh.error();

    const bool by_header_or_body = (!access->token.empty() && !access->by_cookie) || !in_body->empty();
    SignOut out;
    out.any_cookie = (!access->token.empty() && access->by_cookie) ||
                     (!refresh->token.empty() && refresh->by_cookie);
    if (out.any_cookie && !by_header_or_body &&
        !site_is_allowed(request, settings, verify::SiteProof::always))
        return Denied{Reason::csrf_refused};

    std::optional<Denied> refused;
    if (!access->token.empty()) {
        const auto claims = judge_ignoring_time(context, *access);
        if (claims && !access->is_of(claims->subject))
            return Denied{Reason::token_not_ours, {}, "X-USER is not whose token this is"};
        if (claims && claims->session.empty())
            return Denied{Reason::token_not_ours, {}, "another issued this token: it has no session here"};
        if (claims) out.session = claims->session;
        if (claims && claims->is_foreign()) out.foreign = *claims;
        else if (!access->by_cookie) refused = claims.error();
    }
    if (!refresh->token.empty()) {
        const auto parsed = token::RefreshToken::parse(refresh->token, 1,
                                                       *context.service.ring.get()->ring.mac_key);
        if (!parsed) {
            if (!refresh->by_cookie) return parsed.error();
        } else if (!out.session.empty() && out.session != parsed->session) {
            return Denied{
                Reason::credential_conflict, {}, "two tokens of different sessions came with one request"};
        } else {
            out.session = parsed->session;
            out.secret_hash = parsed->secret_hash();
        }
    }
    // A refresh token ends its session even if the access token beside it is of a key that was revoked
    // meanwhile.
    if (refused && out.session.empty()) return *refused;
    return out;
}

}  // namespace

Waits sign_out(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto what = what_to_end(context, request);
    if (!what) co_return write_problem(response, what.error());
    if (!what->session.empty()) {
        co_await in_store(service, [&](auth::Store& store) {
            if (what->foreign) auth::end_foreign(store, *what->foreign, request.address);
            else if (what->secret_hash.empty())
                auth::end_session(store, what->session, "sign_out", request.address);
            else auth::end_presented_session(store, what->session, what->secret_hash, request.address);
        });
    }
    if (what->any_cookie || what->session.empty()) {
        clear_cookie(response, CookieKind::access, service.settings.dev);
        clear_cookie(response, CookieKind::refresh, service.settings.dev);
    }
    response.status = 204;
}

}  // namespace coatcheck::web
