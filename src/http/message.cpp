// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <stdexcept>

namespace coatcheck::http {
namespace {

// For answers that are not pages: no browser may ever run or frame them.
constexpr std::string_view inert =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n";
// For the page at /, which runs one module of its own.
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";
constexpr std::string_view always = "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view no_referrer = "Referrer-Policy: no-referrer\r\n";
// With no-referrer, the form of a page would be sent with `Origin: null`.
constexpr std::string_view own_referrer = "Referrer-Policy: same-origin\r\n";
constexpr std::string_view for_own_site = "Cross-Origin-Resource-Policy: same-site\r\n";
constexpr std::string_view for_all =
    "Cross-Origin-Resource-Policy: cross-origin\r\nAccess-Control-Allow-Origin: *\r\n";

void append_number(std::string& out, std::size_t number) {
    char text[20];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace

void Response::format_field(std::string& out, std::string_view name, std::string_view value) {
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (std::any_of(value.begin(), value.end(), control))
        throw std::logic_error("a control byte in the field " + std::string(name));
    out.append(name).append(": ").append(value).append("\r\n");
}

void Response::field(std::string_view name, std::string_view value) { format_field(fields_, name, value); }

void Response::clear() {
    status = 200;
    content_type = {};
    policy = {};
    body.clear();
    fixed_body = {};
    fields_.clear();
    close = may_be_stored = for_any_site = false;
    stream.reset();
}

void Response::write_to(std::string& out, std::string_view date, bool head_only, bool hsts) const {
    if (status == 200) {
        out += "HTTP/1.1 200 OK\r\n";
    } else {
        const auto reason = boost::beast::http::obsolete_reason(
            static_cast<boost::beast::http::status>(status));
        out += "HTTP/1.1 ";
        append_number(out, status);
        out.append(" ").append(reason.data(), reason.size()).append("\r\n");
    }
    out += date;
    out += fields_;
    if (!may_be_stored) out += "Cache-Control: no-store\r\n";
    if (!policy.empty()) out.append("Content-Security-Policy: ").append(policy).append("\r\n");
    else out += content_type.starts_with("text/html") ? page_policy : inert;
    out += always;
    out += policy.empty() ? no_referrer : own_referrer;
    out += for_any_site ? for_all : for_own_site;
    if (hsts) out += "Strict-Transport-Security: max-age=31536000\r\n";
    if (close) out += "Connection: close\r\n";
    if (!content_type.empty()) out.append("Content-Type: ").append(content_type).append("\r\n");
    // A 204 must not have Content-Length; with 304 it would be the length of the 200 (RFC 9110 §8.6). A
    // stream has none either, because it ends with its connection.
    if (status != 204 && status != 304 && stream == nullptr) {
        out += "Content-Length: ";
        append_number(out, fixed_body.empty() ? body.size() : fixed_body.size());
        out += "\r\n";
    }
    out += "\r\n";
    if (!head_only && fixed_body.empty()) out += body;
}

void write_json(Response& response, unsigned status, std::string body) {
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
}

}  // namespace coatcheck::http
