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

// Adds Vary: Origin and, if the request's Origin is listed (exact match), the Access-Control-* fields,
// which allow credentials.
void allow_origin(Reply& reply, const Request& request, const Settings& settings);
// Answers a preflight (Fetch §3.2.2). `methods` is the ready-made list of allowed methods.
void answer_preflight(Reply& reply, const Request& request, const Settings& settings,
                      std::string_view methods);

}  // namespace coatcheck::web
