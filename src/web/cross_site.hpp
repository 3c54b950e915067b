// SPDX-License-Identifier: Apache-2.0
// Requests from other sites: which may use a cookie (CSRF), and which may read an answer (CORS).
#pragma once

#include "verify/request_rules.hpp"
#include "web/service.hpp"

#include <string_view>

namespace coatcheck::web {

// verify::site_is_allowed() with our own origin and the listed ones.
bool site_is_allowed(const Request& request, const Settings& settings, verify::SiteProof proof);

// Access-Control-* for a listed origin, by exact match, with credentials; and Vary: Origin always.
void allow_origin(Reply& reply, const Request& request, const Settings& settings);
// Answers a preflight (Fetch §3.2.2). `methods` is a ready-made list.
void answer_preflight(Reply& reply, const Request& request, const Settings& settings,
                      std::string_view methods);

}  // namespace coatcheck::web
