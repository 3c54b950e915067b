// SPDX-License-Identifier: Apache-2.0
// The input is the query of an authorization request. What is accepted names a registered redirect URI and
// keeps the bounds; every error is one of RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6 or RFC 8707 §2.
#include "web/oauth/authorization_request.hpp"
#include "web/oauth/token_request.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    static const auth::Policy policy = [] {
        auth::Policy made;
        made.oauth.enabled = true;
        made.oauth.resources = {{"https://api.example", "Example", {{"posts:read", "Read"}}, {"posts:read"}}};
        return made;
    }();
    static auth::Clients clients;
    static const bool is_ready = [] {
        auth::Client client;
        client.id = "c";
        client.type = auth::ClientType::native;
        client.auth = auth::ClientAuth::none;
        client.redirect_uris = {"http://127.0.0.1/cb", "https://a.example/cb", "com.example:/cb"};
        client.grants = {auth::GrantType::authorization_code};
        clients.replace({client});
        return true;
    }();
    static_cast<void>(is_ready);
    const std::string_view query(reinterpret_cast<const char*>(data), size);
    const auto request = web::parse_authorization_request(policy, clients, query);
    if (!request) return 0;
    if (!auth::redirect_uri_matches(*request->client, request->redirect_uri)) std::abort();
    if (request->error) {
        constexpr std::string_view known[] = {
            "invalid_request",           "invalid_scope",         "invalid_target",
            "unsupported_response_type", "request_not_supported", "request_uri_not_supported",
            "registration_not_supported"};
        if (std::find(std::begin(known), std::end(known), request->error->code) == std::end(known))
            std::abort();
        return 0;
    }
    if (request->challenge.size() != 43 || request->scope.empty() || request->state.size() > 4096 ||
        request->nonce.size() > 1024 || request->resources.size() > web::most_resources)
        std::abort();
    const auto allowed = auth::scopes_for(policy, *request->client);
    for (const auto& scope : request->scope)
        if (std::find(allowed.begin(), allowed.end(), scope) == allowed.end()) std::abort();
    return 0;
}
