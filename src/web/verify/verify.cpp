// SPDX-License-Identifier: Apache-2.0
// For nginx auth_request and forward_auth of Caddy and Traefik: 200 with identity headers, 401 or 403, and
// nothing else. Answers from memory alone; the identity headers of a token seen before are ready-made.
#include "base/bytes.hpp"
#include "web/credentials.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"

namespace coatcheck::web {
namespace {

// The whole set, always: no copy of a client's survives. Percent-encoded, so that every value is plain ASCII
// and the commas between roles are ours.
std::string identity_fields(const token::AccessClaims& claims) {
    std::string roles;
    for (const auto& role : claims.roles) {
        if (!roles.empty()) roles += ',';
        roles += base::percent_encode(role);
    }
    std::string lines;
    Response::format_field(lines, "X-Auth-User", base::percent_encode(claims.subject));
    Response::format_field(lines, "X-Auth-Username", base::percent_encode(claims.username));
    Response::format_field(lines, "X-Auth-Session", base::percent_encode(claims.session));
    Response::format_field(lines, "X-Auth-Roles", roles);
    Response::format_field(lines, "X-Auth-Scope", base::percent_encode(claims.scope, " "));
    Response::format_field(lines, "X-Auth-Expires", std::to_string(base::unix_seconds(claims.expires)));
    return lines;
}

// What the client asked of the API. Only a proxy knows; unknown counts as unsafe.
std::string_view asked_method(const Request& request) {
    const bool known = request.from_trusted_proxy && request.fields->count("X-Forwarded-Method") == 1;
    return known ? request.field("X-Forwarded-Method") : std::string_view();
}

}  // namespace

void verify_token(Context& context, const Request& request, Response& response) {
    const auto proof = authenticate(context, request, asked_method(request), Takes::any);
    if (!proof) {
        // Proxies take any other status for a failure of ours, and some let that through.
        const unsigned status = public_reason(proof.error().reason).status == 403 ? 403 : 401;
        return write_problem(response, proof.error(), status);
    }
    std::string& answer = (*proof)->answer;
    if (answer.empty()) answer = identity_fields(*(*proof)->claims);
    response.ready_fields(answer);
}

}  // namespace coatcheck::web
