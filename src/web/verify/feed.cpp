// SPDX-License-Identifier: Apache-2.0
// The revocations, for verifiers that have a service key: a stream for those that can hold a connection, a
// snapshot with a tag for those that cannot.
#include "web/credentials.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/revocation_feed.hpp"

namespace coatcheck::web {
namespace {

constexpr std::string_view event_stream = "text/event-stream";

std::string_view since_of(std::string_view query) {
    constexpr std::string_view name = "since=";
    return query.starts_with(name) ? query.substr(name.size()) : std::string_view();
}

}  // namespace

void show_revocations(Context& context, const Request& request, Response& response) {
    const Service& service = context.service;
    if (const auto name = check_service_key(service, request, auth::Scope::feed); !name)
        return write_problem(response, name.error());
    if (service.revocations.generation() == 0)
        return write_problem(response, {base::Reason::not_ready, std::chrono::seconds(1)});

    if (request.field(http::field::accept).find(event_stream) != std::string_view::npos) {
        const auto from = resume(service.log, request.field("Last-Event-ID"));
        response.content_type = event_stream;
        response.field("X-Accel-Buffering", "no");  // nginx passes each event on as it comes
        if (from.anew) append_reset(response.body);
        response.follow_after = from.after;
        return;
    }
    const auto from = resume(service.log, since_of(request.query));
    std::string tag(1, '"');
    tag.append(service.log.end().write()).append(1, '"');
    response.field("ETag", tag);
    response.field("Vary", "Accept");
    if (request.field(http::field::if_none_match) == tag) {
        response.status = 304;
        return;
    }
    write_json(response, 200, write_snapshot(service.log, from));
}

}  // namespace coatcheck::web
