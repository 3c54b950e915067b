// SPDX-License-Identifier: Apache-2.0
// Answers the sub-requests of proxies (nginx auth_request, forward_auth of Caddy and Traefik): 200 with
// identity headers, 401 or 403, and nothing else. It reads only memory, and the identity headers of a token
// that it has seen before are ready-made.
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/handlers.hpp"
#include "web/oauth/token_request.hpp"

#include <algorithm>

namespace coatcheck::web {
namespace {

// Always all identity headers, so that the proxy replaces every one that a client sent. The values are
// percent-encoded: they are plain ASCII, and a comma always separates two roles.
std::string identity_fields(const token::AccessClaims& claims) {
    std::string roles;
    for (const auto& role : claims.roles) {
        if (!roles.empty()) roles += ',';
        roles += base::percent_encode(role);
    }
    std::string lines;
    Reply::format_field(lines, "X-Auth-User", base::percent_encode(claims.subject));
    Reply::format_field(lines, "X-Auth-Username", base::percent_encode(claims.username));
    Reply::format_field(lines, "X-Auth-Session", base::percent_encode(claims.session));
    Reply::format_field(lines, "X-Auth-Roles", roles);
    Reply::format_field(lines, "X-Auth-Scope", base::percent_encode(claims.scope, " "));
    // Empty for sessions of the SDK, so that an API need not know our own id.
    Reply::format_field(lines, "X-Auth-Client",
                        claims.client == auth::own_client ? "" : base::percent_encode(claims.client));
    Reply::format_field(lines, "X-Auth-Expires", std::to_string(base::unix_seconds(claims.expires)));
    return lines;
}

constexpr std::string_view nobodys_fields =
    "X-Auth-User: \r\nX-Auth-Username: \r\nX-Auth-Session: \r\nX-Auth-Roles: \r\nX-Auth-Scope: \r\n"
    "X-Auth-Client: \r\nX-Auth-Expires: \r\n";

// The token has to be for the resource that the proxy names, or for tokens.audience, and to have each scope
// that the proxy names. Almost every query names neither, and then nothing is decoded.
base::Result<void> token_fits(const Call& call) {
    const std::string_view query = call.request.query;
    const bool names_resource = query.find("resource=") != std::string_view::npos;
    if (!names_resource && !call.proof->is_for_audience) return base::Reason::token_not_ours;
    if (!names_resource && query.find("scope=") == std::string_view::npos) return {};
    const auto& claims = *call.proof->claims;
    // "?" is neither a resource nor a scope: a parameter that comes twice lets nobody pass.
    const auto value = [&](std::string_view name) {
        std::string found;
        http::each_field(query, [&](std::string_view key, std::string_view encoded) {
            if (key == name) found = found.empty() ? base::from_form(encoded).value_or("?") : "?";
        });
        return found;
    };
    if (names_resource) {
        const auto resource = normal_resource(value("resource"));
        // Tokens of older systems name no resource, and are for tokens.audience alone.
        const auto& audience = claims.audience;
        if (!resource || std::find(audience.begin(), audience.end(), *resource) == audience.end())
            return base::Reason::token_not_ours;
    }
    const auto scopes = words_of_scope(value("scope"));
    for (const auto& scope : scopes.value_or(std::vector<std::string>{"?"}))
        if (!has_word(claims.scope, scope))
            return base::Denied{base::Reason::insufficient_scope, {}, "the token lacks the scope " + scope};
    return {};
}

}  // namespace

base::Result<void> verify_token(Call& call, Reply& reply) {
    // The client's request is a preflight. It has to reach the API, which alone knows its answer.
    if (call.proof == nullptr) {
        reply.ready_fields(nobodys_fields);
        return {};
    }
    if (const auto fits = token_fits(call); !fits) return fits;
    std::string& answer = call.proof->answer;
    if (answer.empty()) answer = identity_fields(*call.proof->claims);
    reply.ready_fields(answer);
    return {};
}

}  // namespace coatcheck::web
