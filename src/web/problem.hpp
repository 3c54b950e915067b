// SPDX-License-Identifier: Apache-2.0
// The one place that says how a refusal looks from outside: status, stable `code` and public text (RFC 9457).
#pragma once

#include "base/result.hpp"
#include "web/http.hpp"

#include <string_view>

namespace coatcheck::web {

struct PublicReason {
    unsigned status;
    std::string_view code;
    std::string_view title;
};
PublicReason public_reason(base::Reason reason);

// A problem document; 401 carries WWW-Authenticate (RFC 6750 §3) with the code, since proxies drop bodies.
// `status`: another than the reason's own; 0: that.
void write_problem(Response& response, const base::Denied& denied, unsigned status = 0);

// The same in the envelope {success, data, detail: {message, error}}: the code as `error`.
void write_envelope_problem(Response& response, const base::Denied& denied);

}  // namespace coatcheck::web
