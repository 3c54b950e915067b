// SPDX-License-Identifier: Apache-2.0
#include "web/cross_site.hpp"

namespace coatcheck::web {
namespace {

bool is_listed(const Settings& settings, std::string_view origin) {
    return settings.allowed_origins.contains(origin);
}

// True if the field occurs exactly once. With two Origin fields, neither can be trusted.
bool comes_once(const Request& request, http::field name) { return request.count(name) == 1; }

}  // namespace

bool site_is_allowed(const Request& request, const Settings& settings, verify::SiteProof proof) {
    const auto listed = [&](std::string_view origin) { return is_listed(settings, origin); };
    return verify::site_is_allowed(request, settings.origin, listed, proof);
}

void allow_origin(Reply& reply, const Request& request, const Settings& settings) {
    reply.field("Vary", "Origin");
    const std::string_view origin = request.value(http::field::origin);
    if (!comes_once(request, http::field::origin) || !is_listed(settings, origin)) return;
    reply.field("Access-Control-Allow-Origin", origin);
    reply.field("Access-Control-Allow-Credentials", "true");
    reply.field("Access-Control-Expose-Headers", "Date, Retry-After, WWW-Authenticate");
}

void answer_preflight(Reply& reply, const Request& request, const Settings& settings,
                      std::string_view methods) {
    reply.status = 204;
    reply.field("Allow", methods);
    if (!comes_once(request, http::field::origin) || !is_listed(settings, request.value(http::field::origin)))
        return;
    reply.field("Access-Control-Allow-Methods", methods);
    std::string headers = "Authorization, Content-Type, X-Coatcheck";
    if (settings.dialects[static_cast<std::size_t>(Dialect::x_token)]) headers += ", X-TOKEN, X-USER";
    if (settings.dialects[static_cast<std::size_t>(Dialect::crypt)]) headers += ", " + settings.crypt_header;
    reply.field("Access-Control-Allow-Headers", headers);
    reply.field("Access-Control-Max-Age", "600");
}

}  // namespace coatcheck::web
