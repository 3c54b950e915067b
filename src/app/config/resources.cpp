// SPDX-License-Identifier: Apache-2.0
#include "app/config/resources.hpp"

#include "app/config/values.hpp"
#include "auth/oauth/clients.hpp"
#include "web/oauth/token_request.hpp"

#include <algorithm>

namespace coatcheck::app {
namespace {

// A scope that a client can ask for by its name.
bool is_scope(std::string_view name) {
    const auto words = web::words_of_scope(name);
    return words && words->size() == 1 && words->front() == name && name.size() <= 64;
}

std::string text_of(const toml::node& node, std::string_view key, const std::string& where) {
    const auto* text = node.as_string();
    if (text == nullptr) throw ConfigError(where + ": resource." + std::string(key) + " needs a string");
    return **text;
}

}  // namespace

void read_resource(Config& config, const toml::table& table, const std::string& where) {
    auth::Resource resource;
    const auto fail = [&](const std::string& why) { throw ConfigError(where + ": " + why); };
    for (const auto& [name, node] : table) {
        const std::string_view key = name.str();
        if (key == "uri") {
            const auto text = text_of(node, key, where);
            const auto uri = web::normal_resource(text);
            if (!uri) fail("resource.uri needs an absolute URI without a fragment, not " + in_quotes(text));
            resource.uri = *uri;
        } else if (key == "name") {
            resource.name = text_of(node, key, where);
        } else if (key == "scopes") {
            if (!node.is_table())
                fail("resource.scopes needs a table: { \"posts:read\" = \"Read your posts\" }");
            for (const auto& [scope, meaning] : *node.as_table()) {
                if (!is_scope(scope.str()))
                    fail("resource.scopes: " + in_quotes(scope.str()) +
                         " is no name of a scope (RFC 6749 §3.3)");
                resource.scopes.emplace_back(scope.str(), text_of(meaning, "scopes", where));
            }
        } else if (key == "default_scopes") {
            if (!node.is_array()) fail("resource.default_scopes needs a list of strings");
            for (const auto& scope : *node.as_array())
                resource.default_scopes.push_back(text_of(scope, key, where));
        } else {
            fail("a resource has uri, name, scopes and default_scopes, and no " + std::string(key));
        }
    }
    if (resource.uri.empty()) fail("a resource needs a uri");
    for (const auto& [scope, meaning] : resource.scopes)
        for (const auto reserved :
             {auth::openid, auth::profile, auth::email, auth::offline_access, auth::roles_scope})
            if (scope == reserved) fail("resource.scopes: " + scope + " has a meaning of its own already");
    for (const auto& scope : resource.default_scopes)
        if (std::none_of(resource.scopes.begin(), resource.scopes.end(),
                         [&](const auto& known) { return known.first == scope; }))
            fail("resource.default_scopes: " + in_quotes(scope) + " is none of resource.scopes");
    auto& all = config.policy.oauth.resources;
    constexpr std::size_t most = 100;
    if (all.size() >= most) fail("there are more than 100 resources");
    for (const auto& other : all) {
        if (other.uri == resource.uri) fail("the resource " + in_quotes(resource.uri) + " occurs twice");
    }
    all.push_back(std::move(resource));
}

std::string print_resources(const Config& config) {
    std::string out;
    for (const auto& resource : config.policy.oauth.resources) {
        std::string scopes, defaults;
        for (const auto& [scope, meaning] : resource.scopes)
            scopes.append(scopes.empty() ? " " : ", ")
                .append(in_quotes(scope))
                .append(" = ")
                .append(in_quotes(meaning));
        for (const auto& scope : resource.default_scopes)
            defaults.append(defaults.empty() ? "" : ", ").append(in_quotes(scope));
        out += "\n[[resource]]\nuri = " + in_quotes(resource.uri) + "\nname = " + in_quotes(resource.name) +
               "\nscopes = {" + scopes + (scopes.empty() ? "" : " ") + "}\ndefault_scopes = [" + defaults +
               "]\n";
    }
    return out;
}

}  // namespace coatcheck::app
