// SPDX-License-Identifier: Apache-2.0
// Reads a body in chunks, in one piece and in many, and gives each that ChunkedBody accepts to Beast: all
// must find the same data and the same end.
#include "http/chunked.hpp"
#include "http/framing.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdlib>
#include <optional>

namespace {

using namespace coatcheck::http;

struct Body {
    std::string data, rest;
};

// Reads `pieces` bytes at a time, as they come from the network; nullopt: refused, or not at its end yet.
std::optional<Body> read(std::string text, std::size_t pieces) {
    ChunkedBody body;
    Body found;
    for (std::size_t at = 0; at < text.size() && !body.is_complete();) {
        const std::size_t count = std::min(pieces, text.size() - at);
        const auto taken = body.take({text.data() + at, count});
        if (!taken) return std::nullopt;
        if (taken->data > taken->read || taken->read > count) std::abort();
        if (taken->read < count && !body.is_complete()) std::abort();
        found.data.append(text, at, taken->data);
        at += taken->read;
        found.rest = text.substr(at);
    }
    if (found.data.size() > max_body_bytes) std::abort();
    return body.is_complete() ? std::optional(found) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto whole = read(text, size + 1);
    for (const std::size_t pieces : {1, 2, 7}) {
        const auto again = read(text, pieces);
        if (whole.has_value() != again.has_value()) std::abort();
        if (whole && (whole->data != again->data || whole->rest != again->rest)) std::abort();
    }
    if (!whole) return 0;
    boost::beast::http::request_parser<boost::beast::http::string_body> parser;
    parser.eager(true);
    boost::system::error_code error;
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string message = head + text.substr(0, text.size() - whole->rest.size());
    std::size_t used = 0;
    while (!error && !parser.is_done() && used < message.size()) {
        const auto count = parser.put(boost::asio::buffer(message.data() + used, message.size() - used),
                                      error);
        if (count == 0) break;
        used += count;
    }
    if (error || !parser.is_done() || used != message.size()) std::abort();
    if (parser.get().body() != whole->data) std::abort();
    return 0;
}
