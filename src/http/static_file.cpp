// SPDX-License-Identifier: Apache-2.0
#include "http/static_file.hpp"

namespace coatcheck::http {

bool answer_with_tag(Response& response, const Request& request, std::string_view type,
                     std::string_view tag) {
    response.may_be_stored = true;
    response.field("Cache-Control", "no-cache");
    response.field("ETag", tag);
    response.content_type = type;
    const bool is_current = request.value(field::if_none_match) == tag;
    if (is_current) response.status = 304;
    return !is_current;
}

void answer_immutable(Response& response, std::string_view type, std::string_view content) {
    response.may_be_stored = true;
    response.field("Cache-Control", "public, max-age=31536000, immutable");
    response.content_type = type;
    response.fixed_body = content;
}

std::string_view media_type_of(std::string_view name) {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".ts")) return "text/plain; charset=utf-8";
    return "image/svg+xml";
}

}  // namespace coatcheck::http
