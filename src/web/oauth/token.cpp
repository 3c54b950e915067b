// SPDX-License-Identifier: Apache-2.0
// The token endpoint (RFC 6749 §3.2). The edge has authenticated the client.
#include "auth/keys/tokens.hpp"
#include "auth/oauth/grants.hpp"
#include "base/reason.hpp"
#include "token/json.hpp"
#include "web/handlers.hpp"
#include "web/oauth/authorization_request.hpp"
#include "web/steps.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {
namespace {

using auth::Client;
using auth::GrantType;
using base::Denied;
using base::Reason;
using base::Result;

// RFC 6749 §5.1.
Reply token_reply(const auth::Tokens& tokens, const std::vector<std::string>& scope,
                  std::string_view id_token = "") {
    token::JsonArena<8192> arena;
    boost::json::object answer(7, arena);
    answer["access_token"] = tokens.access;
    answer["token_type"] = "Bearer";
    answer["expires_in"] = tokens.life.count();
    if (!tokens.refresh.empty()) answer["refresh_token"] = tokens.refresh;
    answer["scope"] = auth::joined_by_spaces(scope);
    if (!id_token.empty()) answer["id_token"] = id_token;
    Reply reply;
    write_json(reply, 200, boost::json::serialize(answer));
    reply.field("Pragma", "no-cache");
    base::wipe_stack();
    return reply;
}

Reply grant_reply(const Call& call, const auth::Granted& granted, const std::string& nonce) {
    const Service& service = call.service();
    const auto ring = service.current();
    const auto now = call.request.clocks.wall;
    const auto tokens = auth::mint_grant_tokens(ring->ring, service.policy, *call.client, granted, now);
    const auto& scope = granted.session.scope;
    const bool wants_id = std::find(scope.begin(), scope.end(), auth::openid) != scope.end();
    return token_reply(
        tokens, scope,
        wants_id ? auth::mint_id_token(ring->ring, service.policy, granted, tokens.access, nonce, now) : "");
}

Answer by_code(Call& call, const TokenRequest& form) {
    Service& service = call.service();
    const auth::Redemption redemption{call.client->id, std::string(form.code.reveal()), form.redirect_uri,
                                      form.verifier, form.resources};
    const auto redeemed = co_await in_store(service, auth::redeem_code, service.policy, redemption);
    if (!redeemed) co_return redeemed.error();
    co_return grant_reply(call, redeemed->granted, redeemed->nonce);
}

Answer by_refresh_token(Call& call, const TokenRequest& form) {
    Service& service = call.service();
    auto token = token::RefreshToken::parse(form.refresh_token.reveal(), 1, *service.current()->ring.mac_key,
                                            token::RefreshKind::grant);
    if (!token) co_return Denied{Reason::invalid_grant, {}, "this is no refresh token of an OAuth client"};
    const auth::GrantRefresh refresh{*token, call.client->id, form.scope, form.resources,
                                     call.request.address};
    const auto granted = co_await in_store(service, auth::refresh_grant, service.policy, refresh);
    if (!granted) co_return granted.error();
    co_return grant_reply(call, *granted, "");
}

Answer for_the_client(Call& call, const TokenRequest& form) {
    Service& service = call.service();
    auto resources = form.resources;
    if (resources.empty() && auth::find_resource(service.policy, call.client->default_resource) != nullptr)
        resources.push_back(call.client->default_resource);
    for (const auto& resource : resources)
        if (!auth::may_use(service.policy, *call.client, resource)) co_return Reason::invalid_target;
    auto scope = granted_scope(service.policy, *call.client, form.scope, resources);
    std::erase_if(scope,
                  [](const std::string& one) { return one == auth::openid || one == auth::offline_access; });
    if (form.scope && scope.empty()) co_return Reason::invalid_scope;
    const auto tokens = auth::mint_client_token(service.current()->ring, service.policy, *call.client, scope,
                                                resources, call.request.clocks.wall);
    co_return token_reply(tokens, scope);
}

}  // namespace

Answer give_tokens(Call& call, TokenRequest form) {
    if (!call.client->may(form.grant)) co_return Reason::unauthorized_client;
    switch (form.grant) {
        case GrantType::authorization_code: co_return co_await by_code(call, form);
        case GrantType::refresh_token: co_return co_await by_refresh_token(call, form);
        case GrantType::client_credentials: co_return co_await for_the_client(call, form);
    }
    co_return Reason::unsupported_grant_type;
}

}  // namespace coatcheck::web
