// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/sessions/end.hpp"
#include "web/answers.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

Reply session_list(Node& node, const json::object& request) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        auto sessions = store.page_of_sessions({most_rows, request.contains("name")
                                                               ? std::optional(load_user(store, request).id)
                                                               : std::nullopt});
        std::sort(sessions.begin(), sessions.end(),
                  [](const auto& a, const auto& b) { return a.last_used > b.last_used; });
        for (const auto& session : sessions) {
            const auto user = store.find_user(session.user);
            json::object row = web::session_json(session, "");
            row.erase("current");
            row["user_id"] = session.user;
            row["username"] = user ? user->username : "";
            rows.push_back(row);
            reply.text += session.id + "  " + (user ? user->username : session.user) + "  " +
                          std::string(auth::name_of(session.delivery)) + "  last used " +
                          base::readable(session.last_used) + "  from " + session.address + "  " +
                          session.device + "\n";
        }
    });
    reply.json["sessions"] = std::move(rows);
    return reply;
}

Reply session_end(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    if (id.empty())
        return on_user(node, request, "ended all sessions of", [&](auto& store, const auto& user) {
            auth::end_sessions(store, node.policy(), user.id, "", "session_ended_by_operator", operator_here);
        });
    node.store().run([&](auth::Store& store) {
        if (!auth::end_session(store, id, "session_ended_by_operator", operator_here))
            throw Refused("there is no live session " + id);
    });
    return {0, "ended " + id + "\n", {{"session", id}}, ""};
}

}  // namespace coatcheck::app
