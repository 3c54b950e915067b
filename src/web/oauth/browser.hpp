// SPDX-License-Identifier: Apache-2.0
// A browser that a client has sent here: who is signed in on it, and its way on to the client.
#pragma once

#include "auth/oauth/grants.hpp"
#include "web/oauth/authorization_request.hpp"
#include "web/steps.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coatcheck::web {

// The refresh token in the browser's cookie, if its form and MAC are right.
std::optional<token::RefreshToken> refresh_cookie(const Call& call);
// Who is signed in by this cookie, when a user goes from page to page. Nobody is for requests that scripts,
// images or frames make (Sec-Fetch-Mode, Sec-Fetch-Dest).
asio::awaitable<std::optional<auth::SignedIn>> find_browser_session(Call& call);

// True if a user goes to a page: not for what scripts, images or frames ask for.
bool is_navigation(const Request& request);
// Answers a form of another site, whose POST carries no SameSite=Lax cookie: the browser goes on to `path`
// with the form as the query. malformed_request: it is too long, or has bytes that an address cannot have.
base::Result<Reply> go_on_by_get(const Call& call, std::string_view path);

// Sends the browser back to the client with these parameters, and with `state` and `iss` (RFC 9207).
Reply answer_client(const Call& call, const AuthorizationRequest& request,
                    std::vector<std::pair<std::string_view, std::string>> parameters);
Reply refuse_client(const Call& call, const AuthorizationRequest& request, std::string_view error,
                    std::string_view description = "");

// Whether the user has to be recognised again for this request, before a code may be given.
bool needs_sign_in(const AuthorizationRequest& request, const auth::SignedIn& who, base::Timestamp now);

// Gives the client a code, or sends the browser to the page that asks for consent. `consents`: the user has
// just agreed there.
Answer go_on(Call& call, AuthorizationRequest request, auth::SignedIn who, bool consents);

}  // namespace coatcheck::web
