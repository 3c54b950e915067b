// SPDX-License-Identifier: Apache-2.0
#include "web/cookies.hpp"

#include <algorithm>
#include <optional>

namespace coatcheck::web {

std::string_view cookie_name(CookieKind kind, bool dev) {
    if (kind == CookieKind::access) return dev ? "coatcheck" : "__Host-Http-coatcheck";
    return dev ? "coatcheck-refresh" : "__Host-Http-coatcheck-refresh";
}

base::Result<std::string_view> find_cookie(const Request& request, CookieKind kind, bool dev) {
    const std::string_view name = cookie_name(kind, dev);
    std::string_view found;
    bool conflict = false;
    request.each(http::field::cookie, [&](std::string_view pairs) {
        while (!pairs.empty()) {
            const auto end = std::min(pairs.find(';'), pairs.size());
            std::string_view pair = pairs.substr(0, end);
            pairs.remove_prefix(std::min(end + 1, pairs.size()));
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (pair.size() <= name.size() || !pair.starts_with(name) || pair[name.size()] != '=') continue;
            const std::string_view value = pair.substr(name.size() + 1);
            if (value.empty()) continue;
            if (!found.empty() && found != value) conflict = true;
            found = value;
        }
    });
    if (conflict) return base::Denied{base::Reason::credential_conflict, {}, "one cookie came with two values"};
    return found;
}

void set_cookie(Response& response, CookieKind kind, std::string_view value, base::Timestamp expires, bool dev) {
    std::string text(cookie_name(kind, dev));
    text.append("=").append(value).append("; Path=/; Expires=").append(base::http_date(expires)).append("; HttpOnly");
    if (!dev) text += "; Secure";
    text += "; SameSite=Lax";
    response.field("Set-Cookie", text);
}

void clear_cookie(Response& response, CookieKind kind, bool dev) {
    set_cookie(response, kind, "", base::from_unix_seconds(0), dev);
}

void clear_if_sent(Response& response, const Request& request, CookieKind kind, bool dev) {
    const auto cookie = find_cookie(request, kind, dev);
    if (!cookie || !cookie->empty()) clear_cookie(response, kind, dev);
}

void clear_sent_cookies(Response& response, const Request& request, bool dev) {
    clear_if_sent(response, request, CookieKind::access, dev);
    clear_if_sent(response, request, CookieKind::refresh, dev);
}

}  // namespace coatcheck::web
