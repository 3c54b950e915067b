// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

Reply audit_list(Node& node, const json::object& request) {
    Reply reply;
    json::array rows;
    const auto* limit = request.if_contains("limit");
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& event : store.list_audit(limit ? limit->to_number<std::size_t>() : 100)) {
            rows.push_back({{"time", base::unix_seconds(event.time)},
                            {"event", event.event},
                            {"user_id", event.user},
                            {"session", event.session},
                            {"address", event.address},
                            {"detail", event.detail}});
            reply.text += base::readable(event.time) + "  " + event.event + "  user " + event.user +
                          "  session " + event.session + "  from " + event.address + "  " + event.detail +
                          "\n";
        }
    });
    reply.json["events"] = std::move(rows);
    return reply;
}

}  // namespace coatcheck::app
