// SPDX-License-Identifier: Apache-2.0
// For OAuth: resource servers ask whether a token is active (RFC 7662), and clients revoke tokens (RFC
// 7009).
#include "auth/keys/tokens.hpp"
#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"
#include "base/reason.hpp"
#include "token/claims.hpp"
#include "web/answers.hpp"
#include "web/credentials.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/oauth/client_credentials.hpp"
#include "web/steps.hpp"

#include <boost/json/parse.hpp>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::unix_seconds;
namespace json = boost::json;

std::optional<token::RefreshToken> refresh_token_of(const Service& service, std::string_view text) {
    if (!text.starts_with(token::refresh_prefix)) return std::nullopt;
    for (const auto kind : {token::RefreshKind::session, token::RefreshKind::grant})
        if (auto parsed = token::RefreshToken::parse(text, 1, *service.current()->ring.mac_key, kind))
            return *std::move(parsed);
    return std::nullopt;
}

// True if the one who asks may know of a token of this client: a service may know of all, a client of its
// own.
bool may_know(const Call& call, std::string_view client) {
    return call.client == nullptr || call.client->id == client;
}

// The answer for a valid access token: all of its claims, including the application's own (RFC 7662 §2.2).
json::object access_token_json(const Service& service, std::string_view text,
                               const token::AccessClaims& claims) {
    std::string decrypted;
    const auto jwt = verify::jwt_of(text, auth::verification_of(service.policy), decrypted);
    const auto parsed = token::parse_compact(jwt ? *jwt : text);
    if (parsed && !claims.is_foreign()) {
        json::object answer = json::parse(parsed->claims_json).as_object();
        answer["active"] = true;  // set last, so that no claim with this name replaces it
        answer["token_type"] = "Bearer";
        answer["username"] = claims.username;
        return answer;
    }
    // For a crypt token or a foreign token, the answer has only the user, the times, and the session if
    // there is one here.
    json::object answer{{"active", true},
                        {"token_type", parsed ? "Bearer" : "crypt"},
                        {"sub", claims.subject},
                        {"iat", unix_seconds(claims.issued)},
                        {"exp", unix_seconds(claims.expires)}};
    if (!claims.session.empty()) answer["sid"] = claims.session;
    return answer;
}

json::object refresh_token_json(const Service& service, const auth::SessionAndUser& live) {
    return {{"active", true},
            {"iss", service.policy.issuer},
            {"sub", live.user->id},
            {"username", live.user->username},
            {"sid", live.session->id},
            {"client_id", live.session->is_grant() ? live.session->client : std::string(auth::own_client)},
            {"iat", unix_seconds(live.session->last_used)},
            {"exp", unix_seconds(live.session->idle_end)}};
}

}  // namespace

Answer introspect(Call& call, base::Secret token) {
    Service& service = call.service();
    // For every invalid token, the answer says only that it is not active (RFC 7662 §2.2).
    json::object answer{{"active", false}};
    if (const auto refresh = refresh_token_of(service, token.reveal())) {
        const auto live = co_await from_store(service, auth::find_by_refresh_token, *refresh);
        if (live && may_know(call, live->session->client)) answer = refresh_token_json(service, *live);
    } else if (const auto proof = judge(call.context, call.request, token.reveal())) {
        const auto claims = (*proof)->claims;
        if (may_know(call, claims->client)) answer = access_token_json(service, token.reveal(), *claims);
    } else if (proof.error().reason == Reason::not_ready) {
        co_return proof.error();
    }
    co_return json_reply(200, answer);
}

namespace {

// The OAuth client that the request names; null: none, as with sessions of the SDK, whose clients have no id.
base::Result<std::shared_ptr<const auth::Client>> revoking_client(const Call& call) {
    if (!call.service().policy.oauth.enabled) return std::shared_ptr<const auth::Client>();
    const auto id = form_field_or(call.request.body, "client_id", "");
    if (!id) return id.error();
    if ((id->empty() || *id == auth::own_client) && !is_basic(call.request))
        return std::shared_ptr<const auth::Client>();
    return authenticate_client(call.service(), call.request);
}

// RFC 7009 §2.1: a client revokes its own tokens only, and nothing ends otherwise.
base::Result<void> may_revoke(const std::shared_ptr<const auth::Client>& client, std::string_view issued_to) {
    const std::string_view who = client == nullptr ? auth::own_client : std::string_view(client->id);
    return issued_to == who ? base::Result<void>()
                            : Denied{Reason::invalid_grant, {}, "this token was issued to another client"};
}

}  // namespace

// Every client that has a token may revoke it. This ends the session, and so also revokes the other token
// of the pair (RFC 7009 §2.1). An unknown token gets the same answer as a revoked one (§2.2).
Answer revoke(Call& call, base::Secret token) {
    Service& service = call.service();
    const auto actor = call.actor();
    const auto client = revoking_client(call);
    if (!client) co_return client.error();
    if (const auto refresh = refresh_token_of(service, token.reveal())) {
        if (refresh->kind == token::RefreshKind::grant) {
            const auto grant = co_await from_store(service, &auth::ReadStore::find_session, refresh->session);
            const auto allowed = may_revoke(*client, grant ? grant->client : "");
            if (grant && !allowed) co_return allowed.error();
        } else if (const auto allowed = may_revoke(*client, auth::own_client); !allowed) {
            co_return allowed.error();
        }
        const auto secret_hash = refresh->secret_hash();
        co_await in_store(service, auth::end_presented_session, refresh->session, secret_hash,
                          call.request.address);
    } else if (const auto claims = judge_even_if_over(call.context, call.request, token.reveal())) {
        if (claims->session.empty())
            co_return Denied{
                Reason::token_not_ours, {}, "another issuer made this token: it has no session here"};
        const std::string event = "sign_out";
        if (claims->is_foreign()) {
            co_await in_store(service, auth::end_foreign, *claims, actor);
            co_return Reply();
        }
        if (const auto allowed = may_revoke(*client, claims->client); !allowed) co_return allowed.error();
        if (*client != nullptr && claims->subject == (*client)->subject())
            co_await in_store(service, auth::revoke_tokens_of_client, service.policy, claims->client,
                              claims->session);
        else co_await in_store(service, auth::end_session, claims->session, event, actor);
    }
    co_return Reply();
}

}  // namespace coatcheck::web
