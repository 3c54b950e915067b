// SPDX-License-Identifier: Apache-2.0
#include "web/cookies.hpp"

#include "base/log.hpp"

#include "verify/request_rules.hpp"

namespace coatcheck::web {

std::string_view cookie_name(CookieKind kind, bool dev) {
    if (kind == CookieKind::access) return dev ? "coatcheck" : "__Host-Http-coatcheck";
    return dev ? "coatcheck-refresh" : "__Host-Http-coatcheck-refresh";
}

void set_cookie(Reply& reply, CookieKind kind, std::string_view value, base::Timestamp expires, bool dev) {
    std::string text(cookie_name(kind, dev));
    // Browsers need not keep a larger cookie (RFC 6265 §6.1), and drop it silently.
    constexpr std::size_t kept_bytes = 4096;
    if (text.size() + value.size() > kept_bytes)
        base::log::write(
            base::log::Level::warning, "cookie_too_large",
            {{"name", text},
             {"meaning", "browsers drop it: give users fewer roles and claims, or use another delivery"}});
    text.append("=")
        .append(value)
        .append("; Path=/; Expires=")
        .append(base::http_date(expires))
        .append("; HttpOnly");
    if (!dev) text += "; Secure";
    text += "; SameSite=Lax";
    reply.field("Set-Cookie", text);
}

void clear_cookie(Reply& reply, CookieKind kind, bool dev) {
    set_cookie(reply, kind, "", base::from_unix_seconds(0), dev);
}

void clear_if_sent(Reply& reply, const Request& request, CookieKind kind, bool dev) {
    const auto cookie = verify::find_cookie(request, cookie_name(kind, dev));
    if (!cookie || !cookie->empty()) clear_cookie(reply, kind, dev);
}

void clear_sent_cookies(Reply& reply, const Request& request, bool dev) {
    clear_if_sent(reply, request, CookieKind::access, dev);
    clear_if_sent(reply, request, CookieKind::refresh, dev);
}

}  // namespace coatcheck::web
