// SPDX-License-Identifier: Apache-2.0
// Serves the JWK Set and the metadata of the server, for clients and verifiers.
#include "base/bytes.hpp"
#include "crypto/digest.hpp"
#include "http/static_file.hpp"
#include "web/handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {

base::Result<void> show_keys(Call& call, Reply& reply) {
    reply.may_be_stored = true;
    reply.field("Cache-Control", "public, max-age=300");
    write_json(reply, 200, call.service().current()->jwk_set);
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
    const std::string tag = '"' + base::base64url(crypto::sha256(content).substr(0, 12)) + '"';
    if (http::answer_with_tag(reply, call.request, "application/json", tag)) reply.body = std::move(content);
    return {};
}

}  // namespace coatcheck::web
