// SPDX-License-Identifier: Apache-2.0
// Answers the sub-requests of proxies (nginx auth_request, forward_auth of Caddy and Traefik): 200 with
// identity headers, 401 or 403, and nothing else. It reads only memory, and the identity headers of a token
// that it has seen before are ready-made.
#include "base/bytes.hpp"
#include "web/handlers.hpp"

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
    Reply::format_field(lines, "X-Auth-Expires", std::to_string(base::unix_seconds(claims.expires)));
    return lines;
}

constexpr std::string_view nobodys_fields =
    "X-Auth-User: \r\nX-Auth-Username: \r\nX-Auth-Session: \r\nX-Auth-Roles: \r\nX-Auth-Scope: \r\n"
    "X-Auth-Expires: \r\n";

}  // namespace

base::Result<void> verify_token(Call& call, Reply& reply) {
    // The client's request is a preflight. It has to reach the API, which alone knows its answer.
    if (call.proof == nullptr) {
        reply.ready_fields(nobodys_fields);
        return {};
    }
    std::string& answer = call.proof->answer;
    if (answer.empty()) answer = identity_fields(*call.proof->claims);
    reply.ready_fields(answer);
    return {};
}

}  // namespace coatcheck::web
