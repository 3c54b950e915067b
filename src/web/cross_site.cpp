// SPDX-License-Identifier: Apache-2.0
#include "web/cross_site.hpp"

namespace coatcheck::web {
namespace {

bool is_listed(const Settings& settings, std::string_view origin) {
    return settings.allowed_origins.contains(origin);
}

}  // namespace

bool site_is_allowed(const Request& request, const Settings& settings, verify::SiteProof proof) {
    const auto listed = [&](std::string_view origin) { return is_listed(settings, origin); };
    return verify::site_is_allowed(request, settings.origin, listed, proof);
}

std::string_view only_origin(const Request& request) {
    return request.count(http::field::origin) == 1 ? request.value(http::field::origin) : std::string_view();
}

void allow_origin(Reply& reply, std::string_view origin, const Settings& settings) {
    reply.field("Vary", "Origin");
    if (!is_listed(settings, origin)) return;
    reply.field("Access-Control-Allow-Origin", origin);
    reply.field("Access-Control-Allow-Credentials", "true");
    reply.field("Access-Control-Expose-Headers", "Date, Retry-After, WWW-Authenticate");
}

void allow_any_origin(Reply& reply) {
    reply.field("Access-Control-Allow-Origin", "*");
    reply.field("Access-Control-Expose-Headers", "Date, Retry-After, WWW-Authenticate");
}

void answer_open_preflight(Reply& reply, std::string_view methods) {
    reply.status = 204;
    reply.field("Allow", methods);
    reply.field("Access-Control-Allow-Methods", methods);
    reply.field("Access-Control-Allow-Headers", "Authorization, Content-Type");
    reply.field("Access-Control-Max-Age", "600");
}

bool is_from_own_page(const Request& request, const Settings& settings) {
    if (request.count("Sec-Fetch-Site") > 0)
        return request.count("Sec-Fetch-Site") == 1 && request.value("Sec-Fetch-Site") == "same-origin";
    return only_origin(request) == settings.origin;
}

bool is_preflight(std::string_view method, const Request& request) {
    return method == "OPTIONS" && request.count("Origin") == 1 &&
           request.count("Access-Control-Request-Method") == 1;
}

void answer_preflight(Reply& reply, const Request& request, const Settings& settings,
                      std::string_view methods) {
    reply.status = 204;
    reply.field("Allow", methods);
    if (!is_listed(settings, only_origin(request))) return;
    reply.field("Access-Control-Allow-Methods", methods);
    std::string headers = "Authorization, Content-Type, X-Coatcheck";
    if (settings.dialects[static_cast<std::size_t>(Dialect::x_token)]) headers += ", X-TOKEN, X-USER";
    if (settings.dialects[static_cast<std::size_t>(Dialect::crypt)]) headers += ", " + settings.crypt_header;
    for (const auto& more : settings.more_headers) headers.append(", ").append(more);
    reply.field("Access-Control-Allow-Headers", headers);
    reply.field("Access-Control-Max-Age", "600");
}

}  // namespace coatcheck::web
