// SPDX-License-Identifier: Apache-2.0
// The user's own sessions: list them, end one, end all.
#include "auth/sessions.hpp"
#include "web/answers.hpp"
#include "web/credentials.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {

using base::Reason;

Waits list_sessions(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;

    std::vector<auth::Session> sessions;
    co_await from_store(service,
                        [&](auth::Store& store) { sessions = store.list_sessions(claims->subject); });
    boost::json::array rows;
    for (const auto& session : sessions) rows.push_back(session_json(session, claims->session));
    write_json(response, 200, boost::json::serialize(boost::json::object{{"sessions", std::move(rows)}}));
}

Waits end_session(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;
    const std::string wanted(request.argument);

    bool ended = false;
    co_await in_store(service, [&](auth::Store& store) {
        // Somebody else's session looks the same as none.
        const auto session = store.find_session(wanted);
        if (!session) store.catch_up();
        if (session && session->user == claims->subject)
            ended = auth::end_session(store, wanted, "session_ended", request.address);
    });
    if (!ended) co_return write_problem(response, {Reason::not_found});
    if (wanted == claims->session) clear_sent_cookies(response, request, service.settings.dev);
    response.status = 204;
}

Waits end_sessions(Context& context, const Request& request, Response& response) {
    Service& service = context.service;
    const bool all = request.query.empty();
    if (!all && request.query != "except=current")
        co_return write_problem(
            response, {Reason::malformed_request, {}, "the query may be ?except=current, or absent"});
    const auto claims = signed_in(context, request, response);
    if (!claims) co_return;

    co_await in_store(service, [&](auth::Store& store) {
        auth::end_sessions(store, context.service.policy, claims->subject, all ? "" : claims->session,
                           "session_ended", request.address);
    });
    if (all) clear_sent_cookies(response, request, service.settings.dev);
    response.status = 204;
}

}  // namespace coatcheck::web
