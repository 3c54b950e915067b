// SPDX-License-Identifier: Apache-2.0
// Requests from other sites: which of them may use a cookie (CSRF), and which of them may read an answer
// (CORS).
#pragma once

#include "verify/request_rules.hpp"
#include "web/service.hpp"

#include <string_view>

namespace coatcheck::web {

// Calls verify::site_is_allowed() with our own origin and the listed ones.
bool site_is_allowed(const Request& request, const Settings& settings, verify::SiteProof proof);

// The request's Origin; empty if it has none, or several: then none can be trusted.
std::string_view only_origin(const Request& request);
// Adds Vary: Origin and, if this origin is listed (exact match), the Access-Control-* fields, which allow
// credentials.
void allow_origin(Reply& reply, std::string_view origin, const Settings& settings);
// Lets pages of any origin read the answer, without credentials that a browser adds by itself.
void allow_any_origin(Reply& reply);
// Answers a preflight for such a route.
void answer_open_preflight(Reply& reply, std::string_view methods);
// True if a page of our own origin sent the request: by Sec-Fetch-Site, or by Origin where a browser sends
// none. Listed origins do not count: forms of our pages are on our pages.
bool is_from_own_page(const Request& request, const Settings& settings);
// True for a preflight (Fetch §3.2.2), which browsers send without credentials. `method` is that of a proxy's
// client, from a place that the client cannot write to: it lets the request pass.
bool is_preflight(std::string_view method, const Request& request);
// Answers a preflight (Fetch §3.2.2). `methods` is the ready-made list of allowed methods.
void answer_preflight(Reply& reply, const Request& request, const Settings& settings,
                      std::string_view methods);

}  // namespace coatcheck::web
