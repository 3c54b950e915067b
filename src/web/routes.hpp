// SPDX-License-Identifier: Apache-2.0
// The table of routes. A row says everything about who may call its route, so that a reader of the table
// can judge the security of the server.
#pragma once

#include "auth/keys/service_keys.hpp"
#include "http/router.hpp"
#include "web/call.hpp"

#include <span>
#include <string>
#include <string_view>

namespace coatcheck::web {

// Who may call a route, and so which credential the edge looks for. The CSRF rule applies to every
// credential that came as a cookie.
struct Who {
    enum class Kind {
        anyone,         // the edge looks at no credential
        same_site,      // no credential; but a browser's request must come from our own or a listed origin
        user_token,     // one of our access tokens, valid now
        any_token,      // the same, or a crypt token or foreign token, if those are switched on
        refresh_token,  // a refresh token, in the body or the cookie
        session_token,  // any access token, expired or not, or a refresh token: for sign-out
        service_key,    // a service key with this scope
        client,         // an OAuth client, by its secret or, if it has none, by its id
        client_token,   // an access token of a user that a client may have, whatever it is for (userinfo)
        browser_form,   // no credential; but the request must come from a page of our own origin
    };
    Kind kind;
    auth::Scope scope{};
};
inline constexpr Who anyone{Who::Kind::anyone}, same_site{Who::Kind::same_site},
    user_token{Who::Kind::user_token}, any_token{Who::Kind::any_token},
    refresh_token{Who::Kind::refresh_token}, session_token{Who::Kind::session_token},
    oauth_client{Who::Kind::client}, client_token{Who::Kind::client_token},
    browser_form{Who::Kind::browser_form};
constexpr Who service_key(auth::Scope scope) { return {Who::Kind::service_key, scope}; }
std::string name_of(Who who);

// The form in which the route writes a refusal.
enum class Style {
    problem,   // RFC 9457
    envelope,  // {success, data, detail}, for clients of older APIs
    oauth,     // JSON with the `error` of RFC 6749 §5.2, and the members of RFC 9457
    proxy,     // a proxy's sub-request: only 401 or 403, because proxies treat other statuses as failures
    page,      // a page of HTML for the user
};
std::string_view name_of(Style style);

// The body that the route reads. The edge refuses another Content-Type: unsupported_media_type.
enum class Takes { nothing, json, optional_json, form, json_or_form };
std::string_view name_of(Takes takes);

// The pages that may read the answers (CORS).
// `any_origin`: any page, but without credentials that a browser adds.
enum class Readers { listed_origins, own_origin, any_origin };

// A handler is either inline (`now`) or waiting (`waits`): see web/call.hpp.
struct Handler {
    Inline now = nullptr;
    Waits waits = nullptr;
    constexpr Handler(Inline handler) : now(handler) {}
    constexpr Handler(Waits handler) : waits(handler) {}
};

// Tells whether the server offers the route at all; if not, returns the refusal.
using Offered = base::Result<void> (*)(const Service& service, const Request& request);

struct Route {
    http::verb method;
    std::string_view path;  // its last segment may stand for any text, as {id}
    Who who;
    Style style;
    Takes takes;
    Handler handler;
    Readers readers = Readers::listed_origins;
    Offered offered = nullptr;  // null: always

    // True for routes of proxies: a proxy asks with the method that its client used.
    constexpr bool any_method() const { return style == Style::proxy; }
};

// Sign-in for clients that were written for the envelope (docs/dialects.md).
inline constexpr std::string_view envelope_route = "/api/v1/authentication/envelope";

// The routes of each listener.
std::span<const Route> public_routes();
std::span<const Route> metrics_routes();

}  // namespace coatcheck::web
