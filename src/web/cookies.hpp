// SPDX-License-Identifier: Apache-2.0
// The access cookie and the refresh cookie (RFC 6265bis). They have Expires and no Max-Age, so that the
// access cookie ends with its token, to the second.
#pragma once

#include "web/service.hpp"

#include <string_view>

namespace coatcheck::web {

enum class CookieKind { access, refresh };

// "__Host-Http-coatcheck" or "__Host-Http-coatcheck-refresh"; in development without the prefix.
std::string_view cookie_name(CookieKind kind, bool dev);

void set_cookie(Reply& reply, CookieKind kind, std::string_view value, base::Timestamp expires, bool dev);
void clear_cookie(Reply& reply, CookieKind kind, bool dev);
// Clears the cookie only if the request has it, so that no answer has a needless Set-Cookie.
void clear_if_sent(Reply& reply, const Request& request, CookieKind kind, bool dev);
void clear_sent_cookies(Reply& reply, const Request& request, bool dev);

}  // namespace coatcheck::web
