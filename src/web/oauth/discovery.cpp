// SPDX-License-Identifier: Apache-2.0
// Serves the JWK Set and the metadata of the server, for clients and verifiers.
#include "http/static_file.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"

#include <algorithm>
#include <array>
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

namespace {

template <class Names>
boost::json::array list_of(const Names& names) {
    boost::json::array list;
    for (const auto name : names) list.emplace_back(auth::name_of(name));
    return list;
}

// What OAuth adds (OpenID Connect Discovery §3, RFC 9207 §3).
void add_oauth(boost::json::object& metadata, const Service& service, const std::string& root,
               std::string_view signing) {
    using boost::json::array;
    boost::json::array scopes{auth::openid, auth::profile, auth::email, auth::offline_access,
                              auth::roles_scope};
    for (const auto& resource : service.policy.oauth.resources)
        for (const auto& [name, meaning] : resource.scopes)
            if (std::find(scopes.begin(), scopes.end(), boost::json::value(name)) == scopes.end())
                scopes.emplace_back(name);
    metadata["authorization_endpoint"] = root + "oauth2/authorize";
    metadata["token_endpoint"] = root + "oauth2/token";
    metadata["userinfo_endpoint"] = root + "oauth2/userinfo";
    metadata["end_session_endpoint"] = root + "oauth2/logout";
    metadata["scopes_supported"] = std::move(scopes);
    metadata["response_types_supported"] = array{"code"};
    metadata["response_modes_supported"] = array{"query", "form_post"};
    metadata["grant_types_supported"] = list_of(std::array{auth::GrantType::authorization_code,
                                                           auth::GrantType::refresh_token,
                                                           auth::GrantType::client_credentials});
    metadata["token_endpoint_auth_methods_supported"] = list_of(std::array{
        auth::ClientAuth::none, auth::ClientAuth::client_secret_basic, auth::ClientAuth::client_secret_post});
    metadata["revocation_endpoint_auth_methods_supported"] =
        metadata["token_endpoint_auth_methods_supported"];
    metadata["code_challenge_methods_supported"] = array{"S256"};
    metadata["subject_types_supported"] = array{"public"};
    metadata["id_token_signing_alg_values_supported"] = array{signing};
    metadata["prompt_values_supported"] = array{"none", "login", "consent", "select_account"};
    metadata["claims_supported"] = array{"sub",   "iss",
                                         "aud",   "exp",
                                         "iat",   "auth_time",
                                         "amr",   "nonce",
                                         "sid",   "preferred_username",
                                         "email", "email_verified",
                                         "roles"};
    metadata["ui_locales_supported"] = array{"en", "de"};
    metadata["authorization_response_iss_parameter_supported"] = true;
    metadata["claims_parameter_supported"] = false;
    metadata["request_parameter_supported"] = false;
    metadata["request_uri_parameter_supported"] = false;
}

}  // namespace

// RFC 8414. If OAuth is off, there is no authorization endpoint, so the lists of grants and response types
// are empty.
base::Result<void> show_metadata(Call& call, Reply& reply) {
    const auto& service = call.service();
    const std::string& url = service.settings.public_url;
    const std::string root = url + (url.ends_with('/') ? "" : "/"), api = root + "api/v1/authentication";
    const auto ring = service.current();
    const auto signing = crypto::name_of(ring->ring.current->algorithm());
    boost::json::object metadata{{"issuer", service.policy.issuer},
                                 {"jwks_uri", root + ".well-known/jwks.json"},
                                 {"introspection_endpoint", root + "oauth2/introspect"},
                                 {"introspection_endpoint_auth_methods_supported",
                                  boost::json::array{"client_secret_basic", "client_secret_post"}},
                                 {"revocation_endpoint", root + "oauth2/revoke"},
                                 {"revocation_endpoint_auth_methods_supported", {"none"}},
                                 {"response_types_supported", boost::json::array()},
                                 {"grant_types_supported", boost::json::array()},
                                 {"token_endpoint_auth_methods_supported", boost::json::array{"none"}},
                                 {"access_token_signing_alg_values_supported", {signing}},
                                 {"coatcheck_authentication_endpoint", api},
                                 {"coatcheck_refresh_endpoint", api + "/refresh"},
                                 {"coatcheck_audience", service.policy.audience}};
    if (service.policy.oauth.enabled) add_oauth(metadata, service, root, signing);
    std::string content = boost::json::serialize(metadata);
    const std::string tag = entity_tag(content);
    if (http::answer_with_tag(reply, call.request, "application/json", tag)) reply.body = std::move(content);
    return {};
}

}  // namespace coatcheck::web
