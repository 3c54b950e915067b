// SPDX-License-Identifier: Apache-2.0
// The sessions of the signed-in user: lists them, ends one, ends all.
#include "auth/sessions/end.hpp"

#include "base/reason.hpp"
#include "http/query.hpp"
#include "web/answers.hpp"
#include "web/cookies.hpp"
#include "web/handlers.hpp"
#include "web/session/page.hpp"
#include "web/steps.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace coatcheck::web {

using base::Denied;
using base::Reason;

Answer list_sessions(Call& call) {
    auto page = parse_session_page(call, {"limit", "after"});
    if (!page) co_return page.error();
    page->user = call.user->subject;
    auto sessions = co_await from_store(call.service(), &auth::ReadStore::page_of_sessions, *page);
    const auto next = next_page(*page, sessions);
    std::sort(sessions.begin(), sessions.end(),
              [](const auto& a, const auto& b) { return a.last_used > b.last_used; });
    boost::json::array rows;
    for (const auto& session : sessions) rows.push_back(session_json(session, call.user->session));
    co_return json_reply(200, {{"sessions", std::move(rows)}, {"next", next}});
}

Answer end_session(Call& call) {
    const std::string wanted(call.argument);
    const auto actor = call.actor();
    const bool ended = co_await in_store(call.service(), auth::end_own_session, call.user->subject, wanted,
                                         actor);
    if (!ended) co_return Reason::not_found;
    Reply reply = no_content();
    if (wanted == call.user->session) clear_sent_cookies(reply, call.request, call.service().settings.dev);
    co_return reply;
}

Answer end_sessions(Call& call) {
    Service& service = call.service();
    const auto query = http::Query::parse(call.request.query, {"except"});
    if (!query) co_return query.error();
    const auto except = query->find("except");
    if (except && *except != "current")
        co_return Denied{Reason::malformed_request, {}, "except must be current"};
    const std::string kept = except ? call.user->session : "", event = "session_ended";
    const auto actor = call.actor();
    co_await in_store(service, auth::end_sessions, service.policy, call.user->subject, kept, event, actor);
    Reply reply = no_content();
    if (!except) clear_sent_cookies(reply, call.request, service.settings.dev);
    co_return reply;
}

}  // namespace coatcheck::web
