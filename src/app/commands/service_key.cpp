// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/keys/service_keys.hpp"
#include "auth/users/names.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

Reply service_key_add(Node& node, const json::object& request) {
    const auto name = auth::checked_username(text_of(request, "name"));
    if (!name) refuse(name.error());
    std::vector<auth::Scope> scopes;
    for (const auto& text : list_of(request, "scopes")) {
        const auto scope = auth::scope_named(text);
        if (!scope) throw Refused("there is no scope " + text + ": use feed, users or introspect");
        scopes.push_back(*scope);
    }
    if (scopes.empty()) throw Refused("a service key needs a --scope: feed, users or introspect");
    auth::MintedServiceKey minted;
    node.store().run([&](auth::Store& store) {
        minted = auth::mint_service_key(*name, scopes, store.now());
        if (!store.insert_service_key(minted.row)) throw Refused("there is already a service key " + *name);
        store.append_audit({store.now(), "service_key_added", "", "", "", *name});
    });
    return {0, minted.text + "\n", {{"name", *name}, {"key", minted.text}}, ""};
}

Reply service_key_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& key : store.list_service_keys()) {
            json::array scopes;
            reply.text += key.name;
            for (const auto scope : key.scopes) {
                scopes.emplace_back(auth::name_of(scope));
                reply.text.append("  ").append(auth::name_of(scope));
            }
            reply.text += "  since " + base::readable(key.created) + "\n";
            rows.push_back({{"name", key.name},
                            {"scopes", std::move(scopes)},
                            {"created_at", base::unix_seconds(key.created)}});
        }
    });
    reply.json["service_keys"] = std::move(rows);
    return reply;
}

Reply service_key_end(Node& node, const json::object& request) {
    const std::string name = text_of(request, "name");
    node.store().run([&](auth::Store& store) {
        if (!store.delete_service_key(name)) throw Refused("there is no service key " + name);
        store.append_audit({store.now(), "service_key_ended", "", "", "", name});
    });
    return {0, "ended " + name + "\n", {{"name", name}}, ""};
}

}  // namespace coatcheck::app
