// SPDX-License-Identifier: Apache-2.0
// Manages the sessions of all users, for services.
#include "auth/sessions/end.hpp"

#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::web {

using base::Denied;
using base::Reason;
namespace json = boost::json;

Answer list_managed_sessions(Call& call) {
    constexpr std::size_t usual_page = 100, largest_page = 1000;
    const auto query = http::Query::parse(call.request.query, {"user", "limit", "after"});
    if (!query) co_return query.error();
    const auto limit = query->number("limit", usual_page, 1, largest_page);
    if (!limit) co_return limit.error();
    const auth::SessionPage page{*limit, query->find("user"), query->text("after")};
    const auto sessions = co_await from_store(call.service(), &auth::ReadStore::page_of_sessions, page);
    json::array rows;
    for (const auto& session : sessions) {
        json::object row = session_json(session, "");
        row.erase("current");
        row["user_id"] = session.user;
        rows.push_back(std::move(row));
    }
    // A full page may be the last one: then the next page is empty.
    const bool more = sessions.size() == page.limit;
    const json::value next = more ? json::value(sessions.back().id) : json::value(nullptr);
    co_return json_reply(200, {{"sessions", std::move(rows)}, {"next", next}});
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
