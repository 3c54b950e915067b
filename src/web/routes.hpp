// SPDX-License-Identifier: Apache-2.0
// The table of routes. A row says everything about who may call: the security of the server can be read off
// it.
#pragma once

#include "auth/keys/service_keys.hpp"
#include "http/router.hpp"
#include "web/call.hpp"

#include <span>
#include <string>
#include <string_view>

namespace coatcheck::web {

// Who may call a route, and so which credential the edge looks for. A credential that came by cookie is
// subject to the CSRF rule in every case.
struct Who {
    enum class Kind {
        anyone,      // no credential is looked at
        same_site,   // no credential yet; but a browser's request must come from our own or a listed origin
        user_token,  // an own access token that is valid now
        any_token,   // the same, or an encrypted or foreign token, if those are switched on
        refresh_token,  // a refresh token, in the body or the cookie
        session_token,  // an own access token, expired or not, or a refresh token: for sign-out
        service_key,    // a service key with this scope
    };
    Kind kind;
    auth::Scope scope{};
};
inline constexpr Who anyone{Who::Kind::anyone}, same_site{Who::Kind::same_site},
    user_token{Who::Kind::user_token}, any_token{Who::Kind::any_token},
    refresh_token{Who::Kind::refresh_token}, session_token{Who::Kind::session_token};
constexpr Who service_key(auth::Scope scope) { return {Who::Kind::service_key, scope}; }
std::string name_of(Who who);

// How the route tells a refusal.
enum class Style {
    problem,   // RFC 9457
    envelope,  // {success, data, detail}, for clients of older APIs
    oauth,     // RFC 9457 with the `error` of RFC 6749 §5.2
    proxy,     // a proxy's sub-request: only 401 or 403, because proxies take other statuses for a failure
};
std::string_view name_of(Style style);

// The body that the route reads. The edge refuses another Content-Type: unsupported_media_type.
enum class Takes { nothing, json, optional_json, form, json_or_form };
std::string_view name_of(Takes takes);

// Whose pages may read the answers (CORS).
enum class Readers { listed_origins, own_origin };

struct Handler {
    Inline now = nullptr;
    Waits waits = nullptr;
    constexpr Handler(Inline handler) : now(handler) {}
    constexpr Handler(Waits handler) : waits(handler) {}
};

// Whether the server offers the route at all; what it says otherwise.
using Offered = base::Result<void> (*)(const Service& service, base::Timestamp now);

struct Route {
    http::verb method;
    std::string_view path;  // its last segment may stand for any text, as {id}
    Who who;
    Style style;
    Takes takes;
    Handler handler;
    Readers readers = Readers::listed_origins;
    Offered offered = nullptr;  // null: always

    // A proxy passes on the method that its client used.
    constexpr bool any_method() const { return style == Style::proxy; }
};

// Sign-in for clients that were written for the envelope (docs/dialects.md).
inline constexpr std::string_view envelope_route = "/api/v1/authentication/envelope";

// What each listener serves.
std::span<const Route> public_routes();
std::span<const Route> metrics_routes();

}  // namespace coatcheck::web
