// SPDX-License-Identifier: Apache-2.0
// Writes refusals, in the style of the route. api/reasons.yaml has the status, the code and the sentence of
// each reason.
#pragma once

#include "base/result.hpp"
#include "web/public_reason.hpp"
#include "web/routes.hpp"

namespace coatcheck::web {

inline constexpr std::string_view bearer_scheme = "Bearer", basic_scheme = "Basic";

// Writes the refusal into a reply that holds nothing yet:
//   problem   a problem document (RFC 9457)
//   envelope  {success, data, detail: {message, error}}, with the code as `error`
//   oauth     the members of a problem document with `error` and `error_description` (RFC 6749 §5.2)
//   proxy     a problem document, with status 403 or else 401
// A 401 carries WWW-Authenticate with the code, because proxies drop bodies. Its scheme is Bearer (RFC 6750
// §3), or Basic for an OAuth client that has tried that (RFC 6749 §5.2).
void write_refusal(Reply& reply, const base::Denied& denied, Style style,
                   std::string_view scheme = bearer_scheme);

}  // namespace coatcheck::web
