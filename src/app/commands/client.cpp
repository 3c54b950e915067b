// SPDX-License-Identifier: Apache-2.0
// OAuth clients.
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/oauth/clients.hpp"
#include "base/reason.hpp"
#include "web/oauth/token_request.hpp"

#include <array>
#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

namespace {

using auth::Client;

template <class Names>
std::string one_of(const Names& all) {
    std::string text;
    for (const auto one : all) text.append(text.empty() ? "" : ", ").append(auth::name_of(one));
    return text;
}

json::array list_json(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

json::object client_json(const Client& client) {
    json::array grants;
    for (const auto grant : client.grants) grants.emplace_back(auth::name_of(grant));
    return {{"client_id", client.id},
            {"client_name", client.name},
            {"type", auth::name_of(client.type)},
            {"token_endpoint_auth_method", auth::name_of(client.auth)},
            {"redirect_uris", list_json(client.redirect_uris)},
            {"post_logout_redirect_uris", list_json(client.logout_uris)},
            {"grant_types", std::move(grants)},
            {"scopes", list_json(client.scopes)},
            {"resources", list_json(client.resources)},
            {"default_resource", client.default_resource},
            {"consent", client.asks_consent ? "ask" : "skip"},
            {"enabled", client.enabled},
            {"secrets", (client.secret_hash.empty() ? 0 : 1) + (client.older_secret_hash.empty() ? 0 : 1)},
            {"created_at", base::unix_seconds(client.created)}};
}

std::string lines_of(const Client& client) {
    std::string text;
    const auto line = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        std::string padded(name);
        padded.resize(28, ' ');
        text.append(padded).append(value).append("\n");
    };
    const auto lines = [&](std::string_view name, const std::vector<std::string>& values) {
        for (const auto& value : values) line(name, value);
    };
    line("client_id", client.id);
    line("name", client.name);
    line("type", auth::name_of(client.type));
    line("token_endpoint_auth_method", auth::name_of(client.auth));
    lines("redirect_uri", client.redirect_uris);
    lines("post_logout_redirect_uri", client.logout_uris);
    for (const auto grant : client.grants) line("grant_type", auth::name_of(grant));
    lines("scope", client.scopes);
    lines("resource", client.resources);
    line("default_resource", client.default_resource);
    line("consent", client.asks_consent ? "ask" : "skip");
    line("state", client.enabled ? "enabled" : "disabled");
    return text;
}

std::vector<std::string> resources_of(const json::object& request) {
    std::vector<std::string> resources;
    for (const auto& text : list_of(request, "resources")) {
        auto uri = web::normal_resource(text);
        if (!uri) throw Refused("--resource needs an absolute URI without a fragment, not " + text);
        resources.push_back(*std::move(uri));
    }
    return resources;
}

// Reads what `add` and `set` have in common; absent arguments change nothing.
void read_settings(const json::object& request, Client& client) {
    if (request.contains("redirect_uris")) client.redirect_uris = list_of(request, "redirect_uris");
    if (request.contains("logout_uris")) client.logout_uris = list_of(request, "logout_uris");
    if (request.contains("scopes")) client.scopes = list_of(request, "scopes");
    if (request.contains("resources")) client.resources = resources_of(request);
    if (request.contains("grants")) {
        client.grants.clear();
        for (const auto& name : list_of(request, "grants")) {
            const auto grant = auth::grant_type_named(name);
            if (!grant)
                throw Refused(
                    "there is no grant type " + name + ": use " +
                    one_of(std::array{auth::GrantType::authorization_code, auth::GrantType::refresh_token,
                                      auth::GrantType::client_credentials}));
            client.grants.push_back(*grant);
        }
    }
    if (request.contains("default_resource")) {
        const auto text = text_of(request, "default_resource");
        client.default_resource = text.empty() || text == "default"
                                      ? text
                                      : web::normal_resource(text).value_or(text);
    }
    if (const auto consent = text_of(request, "consent"); !consent.empty()) {
        if (consent != "ask" && consent != "skip")
            throw Refused("--consent needs ask or skip, not " + consent);
        client.asks_consent = consent == "ask";
    }
    if (const auto method = text_of(request, "auth"); !method.empty()) {
        const auto named = auth::client_auth_named(method);
        if (!named)
            throw Refused("there is no method " + method + ": use " +
                          one_of(std::array{auth::ClientAuth::none, auth::ClientAuth::client_secret_basic,
                                            auth::ClientAuth::client_secret_post}));
        client.auth = *named;
    }
}

[[noreturn]] void unknown(const std::string& id) { throw Refused("there is no client " + id); }

// Ends the grants of a client that is over, a few hundred at a time.
void end_all_grants(Node& node, const std::string& id) {
    for (bool is_more = true; is_more;)
        node.store().run(
            [&](auth::Store& store) { is_more = auth::end_grants_of_client(store, id, operator_here); });
}

Reply made_reply(const auth::MadeClient& made) {
    json::object answer = client_json(made.client);
    std::string text = "client_id      " + made.client.id + "\n";
    if (!made.secret.empty()) {
        text += "client_secret  " + made.secret + "\n";
        answer["client_secret"] = made.secret;
    }
    return {0, std::move(text), std::move(answer), ""};
}

}  // namespace

Reply client_add(Node& node, const json::object& request) {
    if (!node.policy().oauth.enabled)
        throw Refused(
            "OAuth is switched off: set enabled = true in the section [oauth] of the configuration");
    Client client;
    const auto type = auth::client_type_named(text_of(request, "type"));
    if (!type)
        throw Refused("there is no type " + text_of(request, "type") + " of clients: use " +
                      one_of(std::array{auth::ClientType::web, auth::ClientType::browser,
                                        auth::ClientType::native, auth::ClientType::service}));
    client.type = *type;
    client.name = text_of(request, "name");
    const bool keeps_secret = *type == auth::ClientType::web || *type == auth::ClientType::service;
    client.auth = keeps_secret ? auth::ClientAuth::client_secret_basic : auth::ClientAuth::none;
    read_settings(request, client);
    client = required(auth::checked_client(node.policy(), std::move(client)));
    base::Result<auth::MadeClient> made = base::Denied{};
    node.store().run([&](auth::Store& store) { made = auth::add_client(store, client); });
    return made_reply(required(std::move(made)));
}

Reply client_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& client : store.list_clients()) {
            reply.text += client.id + "  " + std::string(auth::name_of(client.type)) + "  " + client.name +
                          (client.enabled ? "\n" : "  disabled\n");
            rows.push_back(client_json(client));
        }
    });
    reply.json["clients"] = std::move(rows);
    return reply;
}

Reply client_show(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    std::optional<Client> client;
    node.store().run([&](auth::Store& store) { client = store.find_client(id); });
    if (!client) unknown(id);
    return {0, lines_of(*client), client_json(*client), ""};
}

Reply client_set(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    Client changed;
    node.store().run([&](auth::Store& store) {
        auto client = store.find_client(id);
        if (!client) unknown(id);
        if (request.contains("name")) client->name = text_of(request, "name");
        const bool had_secret = client->is_confidential();
        read_settings(request, *client);
        changed = required(auth::checked_client(node.policy(), *std::move(client)));
        if (changed.is_confidential() != had_secret)
            throw Refused("a client that has a secret keeps having one: add another client instead");
        store.update_client(changed);
        store.append_audit({store.now(), "client_changed", "", "", "", id + " " + changed.name});
    });
    return {0, lines_of(changed), client_json(changed), ""};
}

Reply client_disable(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    node.store().run([&](auth::Store& store) {
        if (!auth::set_client_enabled(store, node.policy(), id, false)) unknown(id);
    });
    end_all_grants(node, id);
    return {0, "disabled " + id + "\n", {{"client_id", id}}, ""};
}

Reply client_enable(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    node.store().run([&](auth::Store& store) {
        if (!auth::set_client_enabled(store, node.policy(), id, true)) unknown(id);
    });
    return {0, "enabled " + id + "\n", {{"client_id", id}}, ""};
}

Reply client_end(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    node.store().run([&](auth::Store& store) {
        if (!auth::end_client(store, node.policy(), id)) unknown(id);
    });
    end_all_grants(node, id);
    return {0, "ended " + id + "\n", {{"client_id", id}}, ""};
}

Reply client_secret(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    const bool ends_older = request.contains("ends_older");
    base::Result<auth::MadeClient> made = base::Denied{};
    node.store().run(
        [&](auth::Store& store) { made = auth::renew_client_secret(store, node.policy(), id, ends_older); });
    if (!made && made.error().reason == base::Reason::not_found) unknown(id);
    return made_reply(required(std::move(made)));
}

}  // namespace coatcheck::app
