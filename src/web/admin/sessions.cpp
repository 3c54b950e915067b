// SPDX-License-Identifier: Apache-2.0
// Manages the sessions of all users, for services.
#include "auth/sessions/end.hpp"

#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"
#include "web/session/page.hpp"
#include "web/steps.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::web {

using base::Denied;
using base::Reason;
namespace json = boost::json;

Answer list_managed_sessions(Call& call) {
    const auto page = parse_session_page(call, {"user", "limit", "after"});
    if (!page) co_return page.error();
    const auto sessions = co_await from_store(call.service(), &auth::ReadStore::page_of_sessions, *page);
    json::array rows;
    for (const auto& session : sessions) {
        json::object row = session_json(session, "");
        row.erase("current");
        row["user_id"] = session.user;
        rows.push_back(std::move(row));
    }
    co_return json_reply(200, {{"sessions", std::move(rows)}, {"next", next_page(*page, sessions)}});
}

Answer end_managed_sessions(Call& call) {
    const auto query = http::Query::parse(call.request.query, {"user"});
    if (!query) co_return query.error();
    const auto user = query->find("user");
    if (!user) co_return Denied{Reason::malformed_request, {}, "the query must name the user: ?user=ID"};
    const std::string kept_none, event = "session_ended";
    const auto actor = call.actor();
    const bool known = co_await in_store(call.service(), auth::end_sessions, call.service().policy, *user,
                                         kept_none, event, actor);
    if (!known) co_return Reason::not_found;
    co_return no_content();
}

Answer end_managed_session(Call& call) {
    const std::string session(call.argument), event = "session_ended";
    const auto actor = call.actor();
    if (!co_await in_store(call.service(), auth::end_session, session, event, actor))
        co_return Reason::not_found;
    co_return no_content();
}

}  // namespace coatcheck::web
