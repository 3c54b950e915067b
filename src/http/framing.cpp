// SPDX-License-Identifier: Apache-2.0
#include "http/framing.hpp"

#include "base/numbers.hpp"
#include "base/reason.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>

namespace coatcheck::http {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

namespace {

using base::Denied;
using base::Reason;

Denied malformed(const char* why) { return {Reason::malformed_request, {}, why}; }

// RFC 9110 §5.6.2 token characters.
constexpr auto token_table = [] {
    std::array<bool, 256> table{};
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32] = true;
    for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
    return table;
}();

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return token_table[c]; });
}

bool is(std::string_view name, std::string_view expected) {
    return name.size() == expected.size() &&
           boost::beast::iequals({name.data(), name.size()}, {expected.data(), expected.size()});
}

// True if the comma-separated list holds the word.
bool lists(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (is(trimmed(list.substr(0, comma)), word)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

// True for visible ASCII without the characters that a path or query cannot hold (RFC 3986). Other programs
// would read '#' and '\' differently.
bool is_uri_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != '#' && c != '\\' && c != '"' && c != '<' && c != '>' && c != '`';
    });
}

// The length of http://host in a target in absolute form; 0: it has another form.
std::size_t authority_end(std::string_view target) {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos ||
        (!is(target.substr(0, scheme), "http") && !is(target.substr(0, scheme), "https")))
        return 0;
    const auto end = std::min(target.find_first_of("/?", scheme + 3), target.size());
    return end > scheme + 3 ? end : 0;
}

// host[:port] without user information. The gate does not care which host it names.
bool is_host(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != '@' && c != '/' && c != '\\' && c != '?' && c != '#' && c != ',';
    });
}

// The loop has no early exit, so that the compiler can check many bytes at once: a field with a token has
// hundreds.
bool has_control(std::string_view text) {
    unsigned char found = 0;
    for (const char byte : text) {
        const auto c = static_cast<unsigned char>(byte);
        found |= static_cast<unsigned char>(((c < 0x20) & (c != '\t')) | (c == 0x7f));
    }
    return found != 0;
}

}  // namespace

std::string_view only_value(std::string_view bytes, std::string_view name) {
    std::string_view value;
    int times = 0;
    for (auto end = bytes.find("\r\n"); end != std::string_view::npos && end > 0; end = bytes.find("\r\n")) {
        const std::string_view line = bytes.substr(0, end);
        const auto colon = std::min(line.find(':'), line.size());
        if (is(line.substr(0, colon), name)) {
            value = trimmed(line.substr(std::min(colon + 1, line.size())));
            ++times;
        }
        bytes.remove_prefix(end + 2);
    }
    return times == 1 ? value : std::string_view();
}

base::Result<Frame> check_framing(std::string_view head) {
    const auto line_end = head.find("\r\n");
    const std::string_view request_line = head.substr(0, line_end);
    const auto first = request_line.find(' ');
    const auto last = request_line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return malformed("the request line must have three parts: method, target and version");
    const std::string_view method = request_line.substr(0, first), version = request_line.substr(last + 1);
    const bool old = version == "HTTP/1.0";
    if (!is_token(method)) return malformed("the method has an invalid character");
    const std::string_view target = request_line.substr(first + 1, last - first - 1);
    Frame frame;
    frame.authority_end = authority_end(target);
    const bool is_asterisk = target == "*" && method == "OPTIONS";
    if (!is_uri_text(target) || (!target.starts_with('/') && frame.authority_end == 0 && !is_asterisk))
        return malformed(
            "the target must be a path, or a URL with http or https, without an invalid character");
    if (!old && version != "HTTP/1.1") return malformed("the version must be HTTP/1.1 or HTTP/1.0");

    frame.keep_alive = !old;
    std::size_t fields = 0, hosts = 0, lengths = 0;
    std::string_view host;
    head.remove_prefix(line_end + 2);
    while (!head.starts_with("\r\n")) {
        const auto end = head.find("\r\n");
        if (end == std::string_view::npos) return malformed("a line does not end with CRLF");
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end + 2);
        if (++fields > max_fields)
            return Denied{Reason::headers_too_large, {}, "the header must have at most 64 fields"};
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
            return malformed("a field must start with its name and a colon right after it");
        const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
        if (has_control(value)) return malformed("a field holds a control byte");

        if (is(name, "Transfer-Encoding")) {
            if (old || frame.is_chunked || !is(value, "chunked"))
                return Denied{
                    Reason::length_required,
                    {},
                    "Transfer-Encoding must be chunked, once, in HTTP/1.1: else send Content-Length"};
            frame.is_chunked = true;
        } else if (is(name, "Host")) {
            if (++hosts > 1 || !is_host(value))
                return malformed("the request must have exactly one valid Host");
            host = value;
        } else if (is(name, "Content-Length")) {
            if (++lengths > 1 || value.empty() || value.size() > 19)
                return malformed("Content-Length must be one decimal number of at most 19 digits");
            const auto length = base::parse_number<std::size_t>(value);
            if (!length) return malformed("Content-Length must be one decimal number of at most 19 digits");
            frame.body_bytes = *length;
        } else if (is(name, "Connection")) {
            if (lists(value, "close")) frame.keep_alive = false;
        } else if (is(name, "Expect")) {
            if (!is(value, "100-continue")) return malformed("Expect must be 100-continue");
            frame.expects_continue = !old;
        }
    }
    if (hosts == 0 && !old) return malformed("the request must have exactly one valid Host");
    // RFC 9112 §3.2.2: the target would count, and another program may look at the field.
    if (frame.authority_end > 0) {
        const auto named = target.substr(0, frame.authority_end);
        if (!is(named.substr(named.find("://") + 3), host))
            return malformed("the target and Host must name the same host");
    }
    if (frame.is_chunked && lengths > 0)
        return malformed("Content-Length and Transfer-Encoding must not come together");
    if ((frame.body_bytes > 0 || frame.is_chunked) && (method == "GET" || method == "HEAD"))
        return malformed("GET and HEAD must not have a body");
    return frame;
}

}  // namespace coatcheck::http
