// SPDX-License-Identifier: Apache-2.0
// Requests from other sites: which may use a cookie (CSRF), and which may read an answer (CORS).
#pragma once

#include "web/http.hpp"
#include "web/settings.hpp"

#include <string_view>

namespace coatcheck::web {

// What a request must show before a cookie counts on an unsafe method, or before a body may sign in or refresh.
enum class Proof {
    always,         // for a cookie: the site must be known, or X-Coatcheck: 1 sent
    where_browser,  // for a body: only where a browser says which site it comes from
};

// Sec-Fetch-Site: same-origin; or same-site / cross-site from a listed origin; or, where that header is missing, an
// Origin that is ours or listed; or, where both are missing, X-Coatcheck: 1.
bool site_is_allowed(const Request& request, const Settings& settings, Proof proof);

bool is_safe_method(std::string_view method);

// Access-Control-* for a listed origin, by exact match, with credentials; and Vary: Origin always.
void allow_origin(Response& response, const Request& request, const Settings& settings);
// Answers a preflight (Fetch §3.2.2). `methods` is a ready-made list.
void answer_preflight(Response& response, const Request& request, const Settings& settings, std::string_view methods);

}  // namespace coatcheck::web
