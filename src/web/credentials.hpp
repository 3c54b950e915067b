// SPDX-License-Identifier: Apache-2.0
// Finds the credential of a request, and checks it. A request carries one credential: two different ones
// are refused with credential_conflict, but the same token twice is accepted.
#pragma once

#include "base/result.hpp"
#include "token/claims.hpp"
#include "verify/request_rules.hpp"
#include "web/call.hpp"
#include "web/cookies.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coatcheck::web {

// Which access tokens a route accepts. Crypt tokens and foreign tokens (`any`) tell an API who the user is,
// but cannot manage an account.
enum class Accepts { own, any };

// Returns the proof of the request's access token, valid until the next check on this event loop. The token
// comes in `Authorization: Bearer` (RFC 6750 §2.1), in a dialect that is switched on, or in the access
// cookie; other schemes are ignored. token_missing, credential_conflict, csrf_refused, or the verifier's
// reason. `method` decides whether the CSRF rule applies; an unknown method counts as unsafe.
base::Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method,
                                          Accepts accepts);

// As authenticate() for our own tokens, in `Authorization: Bearer` alone: cookies mean nothing.
// token_missing, credential_conflict, or the verifier's reason.
base::Result<verify::Proof*> authenticate_by_header(Context& context, const Request& request);

// True if the token is for this audience. Tokens of older systems, which name none, are.
bool is_for(const token::AccessClaims& claims, std::string_view audience);

// Returns the refresh token of a request, from the body or the refresh cookie. refresh_token_missing,
// refresh_token_malformed, credential_conflict, csrf_refused, or the reason of parse_refresh() for the
// body.
base::Result<PresentedRefresh> find_refresh_token(const Call& call);

// Returns the session that a sign-out names. An invalid token in a header or the body is refused. An
// invalid token in a cookie is no reason to refuse: the sign-out clears the cookie.
base::Result<SignOutTarget> find_sign_out_target(const Call& call);

// Returns the request's service key, if it has this scope. service_key_missing, service_key_unknown,
// service_key_scope, credential_conflict (it came twice). The key comes in the Authorization header: as
// Bearer, or in Basic with its name, as OAuth clients of resource servers send it (RFC 6749 §2.3.1). With
// `takes_form` it may also come in the form, as client_secret with its name as client_id.
base::Result<auth::PresentedServiceKey> check_service_key(const Service& service, const Request& request,
                                                          auth::Scope scope, bool takes_form);
// Name and secret of HTTP Basic, each form-encoded (RFC 7617 §2, RFC 6749 §2.3.1). nullopt: `value` holds
// none.
std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view value);
// True if the client tries HTTP Basic.
bool is_basic(const Request& request);

// Checks a token that came in a form, as OAuth clients send it. Returns its proof, as authenticate() does.
base::Result<verify::Proof*> judge(Context& context, const Request& request, std::string_view token);
// Returns the claims of such a token even if it has expired or was revoked: signing out twice is no error.
// The token of another issuer may have no session here.
base::Result<token::AccessClaims> judge_even_if_over(const Context& context, const Request& request,
                                                     std::string_view token);

}  // namespace coatcheck::web
