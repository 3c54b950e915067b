// SPDX-License-Identifier: Apache-2.0
// Serves the JWK Set and the metadata of the server, for clients and verifiers.
#include "http/static_file.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {

base::Result<void> show_keys(Call& call, Reply& reply) {
    const auto ring = call.service().current();
    if (http::answer_with_tag(reply, call.request, "application/json", entity_tag(ring->jwk_set),
                              "public, max-age=300"))
        reply.body = ring->jwk_set;
    return {};
}

// RFC 8414. There is no authorization endpoint, so the lists of grants and response types are empty.
base::Result<void> show_metadata(Call& call, Reply& reply) {
    const auto& service = call.service();
    const std::string& url = service.settings.public_url;
    const std::string root = url + (url.ends_with('/') ? "" : "/"), api = root + "api/v1/authentication";
    const auto ring = service.current();
    const boost::json::object metadata{
        {"issuer", service.policy.issuer},
        {"jwks_uri", root + ".well-known/jwks.json"},
        {"introspection_endpoint", root + "oauth2/introspect"},
        {"introspection_endpoint_auth_methods_supported",
         boost::json::array{"client_secret_basic", "client_secret_post"}},
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
    const std::string tag = entity_tag(content);
    if (http::answer_with_tag(reply, call.request, "application/json", tag)) reply.body = std::move(content);
    return {};
}

}  // namespace coatcheck::web
