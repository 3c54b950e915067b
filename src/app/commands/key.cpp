// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/keys/key_ring.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

Reply key_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        constexpr std::string_view states[] = {"next", "current", "retired"};
        for (const auto& key : store.load_keys()) {
            if (key.algorithm == auth::mac_algorithm) continue;
            const auto state = states[static_cast<int>(key.state)];
            rows.push_back({{"kid", key.id},
                            {"algorithm", key.algorithm},
                            {"state", state},
                            {"created_at", base::unix_seconds(key.created)},
                            {"since", base::unix_seconds(key.state_since)}});
            reply.text.append(key.id).append("  ").append(key.algorithm).append("  ").append(state);
            reply.text.append("  since ").append(base::readable(key.state_since)).append("\n");
        }
    });
    reply.json["keys"] = std::move(rows);
    return reply;
}

Reply key_rotate(Node& node, const json::object& request) {
    node.store().run(
        [&](auth::Store& store) { auth::rotate_keys(store, node.sealing_key(), node.algorithm()); });
    return key_list(node, request);
}

Reply key_revoke(Node& node, const json::object& request) {
    const std::string id = text_of(request, "kid");
    node.store().run([&](auth::Store& store) {
        if (!auth::revoke_key(store, node.sealing_key(), id, node.algorithm()))
            throw Refused("there is no key " + id);
    });
    return key_list(node, request);
}

Reply key_reseal(Node& node, const json::object& request) {
    const std::string file = text_of(request, "file");
    node.reseal_keys(file);
    return {0,
            "the keys in the database are now sealed with " + file +
                ": set store.sealing_key_file to it on every node, and destroy the old file\n",
            {{"sealing_key_file", file}},
            ""};
}

}  // namespace coatcheck::app
