// SPDX-License-Identifier: Apache-2.0
#include "http/static_file.hpp"

#include "http/framing.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <utility>

namespace coatcheck::http {

bool names_tag(std::string_view list, std::string_view tag) {
    const auto skip_space = [&] {
        while (!list.empty() && (list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
    };
    skip_space();
    if (list.starts_with('*')) {
        list.remove_prefix(1);
        skip_space();
        return list.empty();
    }
    for (;;) {
        skip_space();
        if (list.starts_with(',')) {
            list.remove_prefix(1);  // an empty element (RFC 9110 §5.6.1.2)
            continue;
        }
        if (list.starts_with("W/")) list.remove_prefix(2);
        const auto end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
        if (end == std::string_view::npos) return false;
        if (list.substr(0, end + 1) == tag) return true;
        list.remove_prefix(end + 1);
        skip_space();
        if (!list.starts_with(',')) return false;
    }
}

bool is_current(const Request& request, std::string_view tag) {
    bool is_named = false;
    request.each("If-None-Match",
                 [&](std::string_view value) { is_named = is_named || names_tag(value, tag); });
    return is_named;
}

bool answer_with_tag(Response& response, const Request& request, std::string_view type, std::string_view tag,
                     std::string_view cache_control) {
    response.may_be_stored = true;
    response.field("Cache-Control", cache_control);
    response.field("ETag", tag);
    response.content_type = type;
    if (!is_current(request, tag)) return true;
    response.status = 304;
    return false;
}

void answer_immutable(Response& response, std::string_view type, std::string_view content) {
    response.may_be_stored = true;
    response.field("Cache-Control", "public, max-age=31536000, immutable");
    response.content_type = type;
    response.fixed_body = content;
}

namespace {

// The text up to the sign, and the text behind it.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char sign) {
    const auto at = text.find(sign);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

bool accepts_coding(std::string_view list, std::string_view coding) {
    bool any = false;
    while (!list.empty()) {
        const auto [element, rest] = cut(list, ',');
        const auto [named, weighed] = cut(element, ';');
        const std::string_view name = trimmed(named), weight = trimmed(weighed);
        list = rest;
        const bool is_refused = (weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
                                weight.find_first_of("123456789", 3) == std::string_view::npos;
        const bool is_named = boost::beast::iequals({name.data(), name.size()},
                                                    {coding.data(), coding.size()});
        if (is_named) return !is_refused;
        if (name == "*") any = !is_refused;
    }
    return any;
}

std::string_view pick_form(Response& response, const Request& request, const StaticFile& file,
                           std::string* tag) {
    std::string list;  // several fields make one list (RFC 9110 §5.3)
    request.each("Accept-Encoding",
                 [&](std::string_view value) { list.append(list.empty() ? "" : ",").append(value); });
    response.field("Vary", "Accept-Encoding");
    for (const auto& [coding, form] :
         {std::pair<std::string_view, std::string_view>{"br", file.br}, {"gzip", file.gzip}}) {
        if (form.size() >= file.content.size() || !accepts_coding(list, coding)) continue;
        response.field("Content-Encoding", coding);
        if (tag != nullptr) tag->append("-").append(coding);
        return form;
    }
    return file.content;
}

std::string_view media_type_of(std::string_view name) {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".ts")) return "text/plain; charset=utf-8";
    return "image/svg+xml";
}

}  // namespace coatcheck::http
