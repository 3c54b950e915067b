// SPDX-License-Identifier: Apache-2.0
// The framing gate: looks at the raw bytes of a request's header before any parser does, and refuses whatever
// two parsers could read in two ways (request smuggling, RFC 9112 §11). What passes has one meaning: how long
// the body is and where the next request begins is beyond doubt.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

namespace coatcheck::http {

inline constexpr std::size_t max_head_bytes = 16 * 1024;
inline constexpr std::size_t max_fields = 64;
inline constexpr std::size_t max_body_bytes = 16 * 1024;

struct Frame {
    std::size_t body_bytes = 0;  // as announced; the connection refuses more than max_body_bytes
    bool keep_alive = true;
    bool expects_continue = false;  // Expect: 100-continue
};

// `head` is everything up to and with the first CRLF CRLF, at most max_head_bytes.
//
// length_required: any Transfer-Encoding. headers_too_large: over max_fields. malformed_request: a line not
// ended by CRLF alone, a control byte, a folded line, a space before a colon, a name that is no token (RFC
// 9110 §5.6.2), not exactly one Host, Host empty with HTTP/1.1, two Content-Length or one that is not plain
// decimal, a body on GET or HEAD, a target not in origin form, a version other than HTTP/1.1 and HTTP/1.0, an
// unknown expectation.
base::Result<Frame> check_framing(std::string_view head);

}  // namespace coatcheck::http
