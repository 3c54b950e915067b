// SPDX-License-Identifier: Apache-2.0
// Our two cookies (RFC 6265bis). Expires alone, no Max-Age: the access cookie ends with its token, to the
// second.
#pragma once

#include "web/service.hpp"

#include <string_view>

namespace coatcheck::web {

enum class CookieKind { access, refresh };

// "__Host-Http-coatcheck", "__Host-Http-coatcheck-refresh"; in development without the prefix.
std::string_view cookie_name(CookieKind kind, bool dev);

void set_cookie(Reply& reply, CookieKind kind, std::string_view value, base::Timestamp expires, bool dev);
void clear_cookie(Reply& reply, CookieKind kind, bool dev);
// Clears it only where the request carried it.
void clear_if_sent(Reply& reply, const Request& request, CookieKind kind, bool dev);
void clear_sent_cookies(Reply& reply, const Request& request, bool dev);

}  // namespace coatcheck::web
