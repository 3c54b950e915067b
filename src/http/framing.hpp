// SPDX-License-Identifier: Apache-2.0
// The framing gate. It checks the raw bytes of a request's header before a parser reads them, and refuses
// everything that two parsers could read in two ways (request smuggling, RFC 9112 §11). A header that
// passes leaves no doubt about the length of the body and the start of the next request.
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
    bool is_chunked = false;     // the body comes in chunks (ChunkedBody)
    bool keep_alive = true;
    bool expects_continue = false;  // Expect: 100-continue
    // Of a target in absolute form, the bytes before the path: http://host.
    std::size_t authority_end = 0;
};

// `head` is everything up to the first CRLF CRLF, inclusive, at most max_head_bytes.
//
// length_required: a Transfer-Encoding other than one `chunked` in HTTP/1.1. headers_too_large: more than
// max_fields. malformed_request: a line that does not end with exactly CRLF, a control byte, a folded line, a
// space before a colon, a name that is not a token (RFC 9110 §5.6.2), two Host, none in HTTP/1.1, an invalid
// or empty one, two Content-Length or one that is not plain decimal, Content-Length beside Transfer-Encoding,
// a body on GET or HEAD, a target that is neither a path nor http(s)://HOST/PATH with the same Host nor `*`
// of OPTIONS (RFC 9112 §3.2), a version other than HTTP/1.1 and HTTP/1.0, an unknown expectation.
base::Result<Frame> check_framing(std::string_view head);

// The text without optional whitespace (RFC 9110 §5.6.3) at its ends.
std::string_view trimmed(std::string_view text);

// The value of a field in bytes that are no good header, such as one that is too long; empty if it is not
// there, or comes more than once. Only for answers that tell nothing but what is wrong with these bytes.
std::string_view only_value(std::string_view bytes, std::string_view name);

}  // namespace coatcheck::http
