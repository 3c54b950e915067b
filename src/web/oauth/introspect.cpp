// SPDX-License-Identifier: Apache-2.0
// For resource servers and clients that speak OAuth: is this token good (RFC 7662), and take it back (RFC
// 7009).
#include "auth/sessions.hpp"
#include "auth/tokens.hpp"
#include "token/claims.hpp"
#include "web/credentials.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {
namespace {

using base::Reason;
using base::unix_seconds;
namespace json = boost::json;

// A problem document with the member that OAuth clients look for (RFC 6749 §5.2).
void refuse(Response& response, const base::Denied& denied, std::string_view error) {
    write_problem(response, denied);
    json::object problem = json::parse(response.body).as_object();
    problem["error"] = error;
    response.body = json::serialize(problem);
}

std::optional<token::RefreshToken> refresh_token_of(const Service& service, std::string_view text) {
    if (!text.starts_with(token::refresh_prefix)) return std::nullopt;
    const auto parsed = token::RefreshToken::parse(text, 1, *service.ring.get()->ring.mac_key);
    if (!parsed) return std::nullopt;
    return *parsed;
}

// A token that was proven: all that it says, the application's own claims too (RFC 7662 §2.2).
json::object of_access_token(const Service& service, std::string_view text,
                             const token::AccessClaims& claims) {
    std::string decrypted;
    const auto jwt = verify::jwt_of(text, auth::verification_of(service.policy), decrypted);
    const auto parsed = token::parse_compact(jwt ? *jwt : text);
    if (parsed && !claims.is_foreign()) {
        json::object answer = json::parse(parsed->claims_json).as_object();
        answer["active"] = true;  // last: no claim of this name says otherwise
        answer["token_type"] = "Bearer";
        answer["username"] = claims.username;
        return answer;
    }
    // One of another format or issuer says no more than whose it is; its session, if it has one here.
    json::object answer{{"active", true},
                        {"token_type", parsed ? "Bearer" : "crypt"},
                        {"sub", claims.subject},
                        {"iat", unix_seconds(claims.issued)},
                        {"exp", unix_seconds(claims.expires)}};
    if (!claims.session.empty()) answer["sid"] = claims.session;
    return answer;
}

}  // namespace

Waits introspect(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    if (const auto name = check_service_key(service, request, auth::Scope::introspect); !name)
        co_return refuse(response, name.error(), "invalid_client");
    const auto text = parse_token_form(request);
    if (!text) co_return refuse(response, text.error(), "invalid_request");

    json::object answer{
        {"active", false}};  // whatever is wrong with it: nothing more is told (RFC 7662 §2.2)
    if (const auto refresh = refresh_token_of(service, text->reveal())) {
        co_await from_store(service, [&](auth::Store& store) {
            answer = {{"active", false}};
            const auto session = store.find_session(refresh->session);
            if (!session || session->ended) store.catch_up();
            if (!session || session->ended || session->idle_end <= store.now() ||
                session->secret_hash != refresh->secret_hash() || session->counter != refresh->counter)
                return;
            const auto user = store.find_user(session->user);
            if (!user || !user->enabled) return;
            answer = {{"active", true},
                      {"iss", service.policy.issuer},
                      {"sub", user->id},
                      {"username", user->username},
                      {"sid", session->id},
                      {"client_id", "coatcheck"},
                      {"iat", unix_seconds(session->last_used)},
                      {"exp", unix_seconds(session->idle_end)}};
        });
    } else if (const auto proof = judge(context, request, text->reveal())) {
        answer = of_access_token(service, text->reveal(), *(*proof)->claims);
    } else if (proof.error().reason == Reason::not_ready) {
        co_return write_problem(response, proof.error());
    }
    write_json(response, 200, json::serialize(answer));
}

// Whoever has a token may take it back; the session goes with it, so that the other token of the pair is over
// too (RFC 7009 §2.1). An unknown token is as good as one that was taken back (§2.2).
Waits revoke(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto text = parse_token_form(request);
    if (!text) co_return refuse(response, text.error(), "invalid_request");
    if (const auto refresh = refresh_token_of(service, text->reveal())) {
        co_await in_store(service, [&](auth::Store& store) {
            auth::end_presented_session(store, refresh->session, refresh->secret_hash(), request.address);
        });
    } else if (const auto claims = judge_ignoring_time(context, request, text->reveal())) {
        if (claims->session.empty())
            co_return refuse(
                response, {Reason::token_not_ours, {}, "another issued this token: it has no session here"},
                "unsupported_token_type");
        co_await in_store(service, [&](auth::Store& store) {
            if (claims->is_foreign()) auth::end_foreign(store, *claims, request.address);
            else auth::end_session(store, claims->session, "sign_out", request.address);
        });
    }
    response.status = 200;
}

}  // namespace coatcheck::web
