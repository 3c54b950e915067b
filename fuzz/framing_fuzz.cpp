// SPDX-License-Identifier: Apache-2.0
// Gives each header that check_framing() accepts to Beast's parser. Both must read it in the same way, or
// Beast must refuse it.
#include "http/framing.hpp"
#include "http/message.hpp"
#include "http/static_file.hpp"

#include <boost/asio/buffer.hpp>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::http;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)names_tag(text, "\"tag\"");
    (void)accepts_coding(text, "br");
    const auto origin = only_value(text, "Origin");
    if (origin.find("\r\n") != std::string_view::npos) std::abort();
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos || end + 4 > max_head_bytes) return 0;
    const std::string_view head = text.substr(0, end + 4);
    const auto frame = check_framing(head);
    if (!frame) return 0;
    Parser parser;
    parser.header_limit(max_head_bytes + 1);
    parser.body_limit(boost::none);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(head.data(), head.size()), error);
    if (!parser.is_header_done()) return 0;  // the connection would answer 400
    const auto& message = parser.get();
    if (parser.chunked() != frame->is_chunked || message.count("Transfer-Encoding") != frame->is_chunked)
        std::abort();
    if (message.count("Host") != 1 && (message.version() != 10 || message.count("Host") != 0)) std::abort();
    if (message.count("Content-Length") > 1) std::abort();
    if (parser.content_length().value_or(0) != frame->body_bytes) std::abort();
    if (frame->is_chunked && frame->body_bytes != 0) std::abort();
    if (frame->authority_end > message.target().size()) std::abort();
    const auto path = message.target().substr(frame->authority_end);
    if (frame->authority_end == 0 && path != "*" && !path.starts_with('/')) std::abort();
    if (frame->authority_end > 0 && !path.empty() && path[0] != '/' && path[0] != '?') std::abort();
    return 0;
}
