// SPDX-License-Identifier: Apache-2.0
// Finds the one credential of a request, and believes it or not.
#pragma once

#include "base/result.hpp"
#include "token/claims.hpp"
#include "verify/request_rules.hpp"
#include "web/cookies.hpp"
#include "web/service.hpp"

#include <optional>
#include <string_view>

namespace coatcheck::web {

using verify::Credential;

// The access token in `Authorization: Bearer` (RFC 6750 §2.1), in a dialect that is switched on, or in the
// access cookie. Other schemes are ignored. credential_conflict: two that differ, or half of X-TOKEN and
// X-USER. Counts dialects.
base::Result<Credential> find_access_token(Service& service, const Request& request);

// The refresh token in the body (`in_body`, may be empty) or in the refresh cookie. credential_conflict
// likewise.
base::Result<Credential> find_refresh_token(const Request& request, const Settings& settings,
                                            std::string_view in_body);

// The proven access token of a request; valid until the next check on this event loop. token_missing,
// csrf_refused, or what the verifier says. `method` decides whether the CSRF rule applies; unknown methods
// count as unsafe. Tokens of another format or another issuer count where an API asks who is calling, and
// manage no account.
enum class Takes { own, any };
base::Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method,
                                          Takes takes = Takes::own);

// The same of a token that came by itself, as OAuth clients send it.
base::Result<verify::Proof*> judge(Context& context, const Request& request, std::string_view token);
// Its claims even if it has expired or was revoked: signing out twice is no error. Without a session: another
// issued it.
base::Result<token::AccessClaims> judge_ignoring_time(const Context& context, const Credential& credential);
base::Result<token::AccessClaims> judge_ignoring_time(const Context& context, const Request& request,
                                                      std::string_view token);

// A copy of the claims of who asks, for handlers that wait. Nothing: the refusal has been written.
std::optional<token::AccessClaims> signed_in(Context& context, const Request& request, Response& response,
                                             Takes takes = Takes::own);

// The name of the service key in the Authorization header, if it may be used for this: service_key_missing,
// service_key_unknown, service_key_scope.
// Bearer, or Basic with the key's name and the key, as OAuth clients of resource servers have it (RFC 6749
// §2.3.1).
base::Result<std::string> check_service_key(const Service& service, const Request& request,
                                            auth::Scope scope);

}  // namespace coatcheck::web
