// SPDX-License-Identifier: Apache-2.0
// What anybody may read: keys, metadata, the API's description, the page, and whether the server is well.
#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "web/diagnosis.hpp"
#include "web/embedded_openapi.hpp"
#include "web/embedded_page.hpp"
#include "web/embedded_sdk.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>

namespace coatcheck::web {
namespace {

// 96 bits of a content's digest.
const std::string& digest_of(std::string_view content) {
    // The embedded files never change: theirs are computed once.
    thread_local std::map<std::string, std::string, std::less<>> digests;
    auto known = digests.find(content);
    if (known == digests.end())
        known = digests.emplace(content, base::base64url(crypto::sha256(content).substr(0, 12))).first;
    return known->second;
}

// May be kept, but must be asked for again: the tag tells in one round trip whether it is still the same.
// True: it is not, and the content has to follow.
bool answer_with_tag(Response& response, const Request& request, std::string_view type,
                     std::string_view content) {
    const std::string tag = '"' + digest_of(content) + '"';
    response.may_be_stored = true;
    response.field("Cache-Control", "no-cache");
    response.field("ETag", tag);
    response.content_type = type;  // with 304 as well: its fields, policies included, replace the stored ones
    const bool is_known = request.field(http::field::if_none_match) == tag;
    if (is_known) response.status = 304;
    return !is_known;
}

void answer_embedded(Response& response, const Request& request, std::string_view type,
                     std::string_view content) {
    if (answer_with_tag(response, request, type, content)) response.fixed_body = content;
}

std::string_view type_of(std::string_view name) {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".ts")) return "text/plain; charset=utf-8";
    return "image/svg+xml";
}

// "coatcheck.<digest>.js" of "coatcheck.js".
std::string immutable_name(std::string_view name, std::string_view content) {
    const auto dot = name.find('.');
    return std::string(name.substr(0, dot + 1)) + digest_of(content) + std::string(name.substr(dot));
}

}  // namespace

void show_keys(Context& context, const Request&, Response& response) {
    response.may_be_stored = true;
    response.field("Cache-Control", "public, max-age=300");
    write_json(response, 200, context.service.ring.get()->jwk_set);
}

// RFC 8414. There is no authorization endpoint here: what is said is what exists.
void show_metadata(Context& context, const Request& request, Response& response) {
    const auto& service = context.service;
    const std::string& url = service.settings.public_url;
    const std::string root = url + (url.ends_with('/') ? "" : "/"), api = root + "api/v1/authentication";
    const auto ring = service.ring.get();
    const boost::json::object metadata{
        {"issuer", service.policy.issuer},
        {"jwks_uri", root + ".well-known/jwks.json"},
        {"introspection_endpoint", root + "oauth2/introspect"},
        {"introspection_endpoint_auth_methods_supported", {"client_secret_basic"}},
        {"revocation_endpoint", root + "oauth2/revoke"},
        {"revocation_endpoint_auth_methods_supported", {"none"}},
        {"response_types_supported", boost::json::array()},
        {"grant_types_supported", boost::json::array()},
        {"token_endpoint_auth_methods_supported", boost::json::array{"none"}},
        {"access_token_signing_alg_values_supported", {crypto::name_of(ring->ring.current->algorithm())}},
        {"coatcheck_authentication_endpoint", api},
        {"coatcheck_refresh_endpoint", api + "/refresh"},
        {"coatcheck_audience", service.policy.audience}};
    std::string content = boost::json::serialize(metadata);
    if (answer_with_tag(response, request, "application/json", content)) response.body = std::move(content);
}

void show_openapi(Context&, const Request& request, Response& response) {
    answer_embedded(response, request, "application/json", embedded::openapi[0].content);
}

void show_page_file(Context&, const Request& request, Response& response) {
    const std::string_view name = request.path == "/" ? "index.html" : request.path.substr(1);
    const auto* file = std::find_if(std::begin(embedded::page), std::end(embedded::page),
                                    [&](const auto& candidate) { return candidate.name == name; });
    if (file == std::end(embedded::page)) return write_problem(response, {base::Reason::not_found});
    answer_embedded(response, request, type_of(name), file->content);
}

// The browser SDK, for pages of any origin. Under a name with its digest, which is its ETag, a file may be
// kept for good.
void show_sdk_file(Context&, const Request& request, Response& response) {
    for (const auto& file : embedded::sdk) {
        const bool is_immutable = request.argument == immutable_name(file.name, file.content);
        if (!is_immutable && request.argument != file.name) continue;
        response.for_any_site = true;
        if (!is_immutable) return answer_embedded(response, request, type_of(file.name), file.content);
        response.may_be_stored = true;
        response.field("Cache-Control", "public, max-age=31536000, immutable");
        response.content_type = type_of(file.name);
        response.fixed_body = file.content;
        return;
    }
    write_problem(response, {base::Reason::not_found});
}

void show_diagnosis(Context& context, const Request& request, Response& response) {
    const Settings& settings = context.service.settings;
    if (!settings.dev) return write_problem(response, {base::Reason::not_found});
    boost::json::array advice;
    for (const auto& sentence : diagnose(request, settings, parse_complaint(request.query)))
        advice.emplace_back(sentence);
    response.for_any_site = true;
    write_json(response, 200, boost::json::serialize(boost::json::object{{"advice", std::move(advice)}}));
}

void show_health(Context&, const Request&, Response& response) {
    write_json(response, 200, R"({"status":"ok"})");
}

// The smallest question tells whether the store answers.
Waits show_readiness(Context& context, const Request&, Response& response) {
    Service& service = context.service;
    if (service.revocations.generation() == 0 || !service.store.is_current())
        co_return write_problem(response, {base::Reason::not_ready, std::chrono::seconds(1)});
    co_await in_store(service, [](auth::Store& store) { store.feed_epoch(); });
    write_json(response, 200, R"({"status":"ready"})");
}

void show_metrics(Context& context, const Request&, Response& response) {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = context.service.metrics();
}

}  // namespace coatcheck::web
