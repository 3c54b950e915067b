// SPDX-License-Identifier: Apache-2.0
// Finds the one credential of a request, and checks it. One request carries one credential: two that differ
// are refused as credential_conflict, but the same token twice is accepted.
#pragma once

#include "base/result.hpp"
#include "token/claims.hpp"
#include "verify/request_rules.hpp"
#include "web/call.hpp"
#include "web/cookies.hpp"

#include <string>
#include <string_view>

namespace coatcheck::web {

// Which access tokens a route accepts. Encrypted and foreign tokens tell an API who is calling, but manage no
// account.
enum class Accepts { own, any };

// The proven access token of a request, valid until the next check on this event loop. The token comes in
// `Authorization: Bearer` (RFC 6750 §2.1), in a dialect that is switched on, or in the access cookie; other
// schemes are ignored. token_missing, credential_conflict, csrf_refused, or what the verifier says. `method`
// decides whether the CSRF rule applies; an unknown method counts as unsafe.
base::Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method,
                                          Accepts accepts);

// The refresh token of a request, in the body or in the refresh cookie. refresh_token_missing,
// refresh_token_malformed, credential_conflict, csrf_refused, or what parse_refresh() says of the body.
base::Result<PresentedRefresh> find_refresh_token(const Call& call);

// The session that a sign-out names. A cookie that is no longer valid is cleared, and no reason to refuse; a
// header or body is.
base::Result<Leaving> find_leaving(const Call& call);

// The name of the service key in the Authorization header, if the key has this scope: service_key_missing,
// service_key_unknown, service_key_scope. The key comes as Bearer, or in Basic with its name, as OAuth
// clients of resource servers send it (RFC 6749 §2.3.1).
base::Result<std::string> check_service_key(const Service& service, const Request& request,
                                            auth::Scope scope);

// For a token that came alone, as OAuth clients send it: its proof.
base::Result<verify::Proof*> judge(Context& context, const Request& request, std::string_view token);
// Its claims, even if it has expired or was revoked: signing out twice is no error. A token that another
// issuer made may have no session here.
base::Result<token::AccessClaims> judge_ignoring_time(const Context& context, const Request& request,
                                                      std::string_view token);

}  // namespace coatcheck::web
