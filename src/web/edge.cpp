// SPDX-License-Identifier: Apache-2.0
#include "web/edge.hpp"

#include "auth/keys/tokens.hpp"
#include "base/log.hpp"
#include "base/reason.hpp"
#include "http/framing.hpp"
#include "http/query.hpp"
#include "web/credentials.hpp"
#include "web/cross_site.hpp"
#include "web/forms.hpp"
#include "web/oauth/client_credentials.hpp"
#include "web/pages/page.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <exception>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

// The path for the log. Long segments are cut, because one may be a token.
std::string loggable(std::string_view path) {
    constexpr std::size_t max_path = 200, max_segment = 22;  // an id that we make has 22 characters
    std::string out;
    std::size_t segment = 0;
    for (char c : path.substr(0, max_path)) {
        segment = c == '/' ? 0 : segment + 1;
        if (segment <= max_segment) out += c;
        else if (segment == max_segment + 1) out += "...";
    }
    return out;
}

// The method for the CSRF rule. For a proxy's sub-request, this is the method of the client's request,
// which only a trusted proxy can tell. An unknown method counts as unsafe.
std::string_view judged_method(const Route& route, const Request& request) {
    if (route.style != Style::proxy) return http::name_of(request.method);
    const bool is_known = request.from_trusted_proxy && request.count("X-Forwarded-Method") == 1;
    return is_known ? request.value("X-Forwarded-Method") : std::string_view();
}

// Programs behind the scenes name the server by its address: probes of balancers and containers, and proxies
// that ask about a token.
bool is_for_us(const std::vector<std::string>& hosts, const Route* route, const Request& request) {
    const bool is_inside = request.path == "/healthz" || request.path == "/readyz" ||
                           (route != nullptr && route->style == Style::proxy);
    if (hosts.empty() || is_inside) return true;
    const auto port = request.host.rfind(':');
    const bool has_port = port != std::string_view::npos &&
                          request.host.find(']', port) == std::string_view::npos;
    const std::string_view name = has_port ? request.host.substr(0, port) : request.host;
    return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
        return boost::beast::iequals(host, {request.host.data(), request.host.size()}) ||
               boost::beast::iequals(host, {name.data(), name.size()});
    });
}

bool is_from_allowed_site(const Call& call) {
    return site_is_allowed(call.request, call.service().settings, verify::SiteProof::where_browser);
}

// A token of an OAuth client is for what its audience says, and never for the account of its user, which is
// what our own routes are about. /verify looks at the audience itself.
Result<void> token_fits(const Route& route, const Call& call, const token::AccessClaims& claims) {
    if (route.who.kind == Who::Kind::client_token || route.style == Style::proxy) return {};
    if (claims.client != auth::own_client && !claims.is_foreign())
        return Denied{
            Reason::insufficient_scope, {}, "this route takes tokens of the user's own sessions only"};
    return is_for(claims, call.service().policy.audience) ? Result<void>() : Reason::token_not_ours;
}

// Finds the credential that the route asks for and puts it into `call`, or refuses the call.
Result<void> find_credential(const Route& route, Call& call) {
    switch (route.who.kind) {
        case Who::Kind::anyone: return {};
        case Who::Kind::same_site: return is_from_allowed_site(call) ? Result<void>() : Reason::csrf_refused;
        case Who::Kind::browser_form:
            return is_from_own_page(call.request, call.service().settings) ? Result<void>()
                                                                           : Reason::csrf_refused;
        case Who::Kind::client: {
            auto client = authenticate_client(call.service(), call.request);
            if (!client) return client.error();
            call.client = *std::move(client);
            return {};
        }
        case Who::Kind::user_token:
        case Who::Kind::client_token:
        case Who::Kind::any_token: {
            const auto accepts = route.who.kind == Who::Kind::any_token ? Accepts::any : Accepts::own;
            const auto proof = route.who.kind == Who::Kind::client_token
                                   ? authenticate_by_header(call.context, call.request)
                                   : authenticate(call.context, call.request,
                                                  judged_method(route, call.request), accepts);
            if (!proof && proof.error().reason == Reason::token_missing && route.style == Style::proxy &&
                is_preflight(http::raw_value(call.request.query, "method"), call.request))
                return {};
            if (!proof) return proof.error();
            if (const auto fits = token_fits(route, call, *(*proof)->claims); !fits) return fits;
            call.proof = *proof;
            call.user = (*proof)->claims;
            return {};
        }
        case Who::Kind::refresh_token: {
            auto refresh = find_refresh_token(call);
            if (!refresh) return refresh.error();
            call.refresh = *std::move(refresh);
            return {};
        }
        case Who::Kind::session_token: {
            auto target = find_sign_out_target(call);
            if (!target) return target.error();
            call.sign_out_target = *std::move(target);
            return {};
        }
        case Who::Kind::service_key: {
            auto key = check_service_key(call.service(), call.request, route.who.scope,
                                         route.style == Style::oauth);
            // An OAuth client may ask about its own tokens.
            if (!key && route.style == Style::oauth && call.service().policy.oauth.enabled)
                if (auto client = authenticate_client(call.service(), call.request);
                    client && (*client)->is_confidential()) {
                    call.client = *std::move(client);
                    return {};
                }
            if (!key) return key.error();
            call.service_key = *std::move(key);
            return {};
        }
    }
    std::abort();
}

// Checks everything that must be true before the handler is called.
Result<void> admit(const Route& route, Call& call) {
    // The credential of a client may be in its form.
    if (route.who.kind == Who::Kind::client)
        if (auto type = check_content_type(route.takes, call.request); !type) return type;
    if (auto found = find_credential(route, call); !found) return found;
    return check_content_type(route.takes, call.request);
}

// Turns an exception into a refusal: Busy into busy, a mistake of this program into internal_error, and a
// failure of something that it depends on into unavailable.
Denied denied_by(std::exception_ptr failed, const Route& route) {
    const auto log = [&](const char* what) {
        base::log::write(base::log::Level::error, "request_failed",
                         {{"route", std::string(route.path)}, {"reason", what}});
    };
    try {
        std::rethrow_exception(failed);
    } catch (const Busy&) {
        return {Reason::busy, std::chrono::seconds(1)};
    } catch (const std::logic_error& mistake) {
        log(mistake.what());
        return {Reason::internal_error};
    } catch (const std::exception& broken) {
        log(broken.what());
        return {Reason::unavailable, std::chrono::seconds(1)};
    }
}

}  // namespace

Edge::Edge(Service& service, std::span<const Route> routes, Counters& counters)
    : context_{service,
               verify::Verifier(auth::verification_of(service.policy), service.keys, service.revocations)},
      routes_(routes),
      counters_(counters) {}

// Finds the route. The operator may have given sign-in by envelope another path (accept.envelope_path).
http::Match<Route> Edge::find(const Request& request) const {
    const std::string& other = context_.service.settings.envelope_path;
    const bool is_envelope = !other.empty() && request.path == other;
    return http::find_route(routes_, request.method, is_envelope ? envelope_route : request.path);
}

std::optional<http::Waiting> Edge::handle(const Request& request, Reply& reply) {
    const auto match = find(request);
    if (!is_for_us(context_.service.settings.hosts, match.row, request)) {
        const Denied denied{Reason::misdirected_request};
        write_refusal(reply, denied, Style::problem);
        finish(nullptr, Readers::own_origin, request, reply, &denied);
        return std::nullopt;
    }
    if (match.row == nullptr) {
        answer_unknown(match, request, reply);
        return std::nullopt;
    }
    if (match.row->offered != nullptr)
        if (const auto is_offered = match.row->offered(context_.service, request); !is_offered) {
            write_refusal(reply, is_offered.error(), Style::problem);
            finish(match.row, match.row->readers, request, reply, &is_offered.error());
            return std::nullopt;
        }
    if (match.row->style == Style::envelope) context_.service.metrics.count(Dialect::envelope);
    if (match.row->handler.waits != nullptr) return answer_later(*match.row, match.argument, request, reply);
    answer_now(*match.row, Call{context_, request, match.argument}, reply);
    return std::nullopt;
}

void Edge::answer_now(const Route& route, Call call, Reply& reply) {
    Result<void> done = Denied{Reason::internal_error};
    try {
        done = admit(route, call);
        if (done) done = route.handler.now(call, reply);
    } catch (...) {
        done = denied_by(std::current_exception(), route);
    }
    write(route, call.request, reply, done ? nullptr : &done.error());
}

http::Waiting Edge::answer_later(const Route& route, std::string_view argument, const Request& request,
                                 Reply& reply) {
    Call call{context_, request, argument};
    Result<Reply> made = Denied{Reason::internal_error};
    try {
        const auto admitted = admit(route, call);
        if (admitted) made = co_await route.handler.waits(call);
        else made = admitted.error();
    } catch (...) {
        made = denied_by(std::current_exception(), route);
    }
    if (!made) co_return write(route, request, reply, &made.error());
    reply = *std::move(made);
    write(route, request, reply, nullptr);
}

void Edge::write(const Route& route, const Request& request, Reply& reply, const Denied* denied) {
    if (denied != nullptr) {
        reply.clear();
        const bool tries_basic = route.who.kind == Who::Kind::client ||
                                 (route.style == Style::oauth && is_basic(request));
        if (route.style == Style::page) write_error_page(reply, request, *denied);
        else write_refusal(reply, *denied, route.style, tries_basic ? basic_scheme : bearer_scheme);
    }
    finish(&route, route.readers, request, reply, denied);
}

void Edge::answer_unknown(const http::Match<Route>& match, const Request& request, Reply& reply) {
    // Pages of listed origins may also read a 404 below /api/.
    const bool is_api = request.path.starts_with("/api/");
    const Readers readers = match.same_path != nullptr ? match.same_path->readers
                            : is_api                   ? Readers::listed_origins
                                                       : Readers::own_origin;
    std::optional<Denied> denied;
    if (request.path == "*") {
        reply.status = 204;  // OPTIONS of the server as a whole (RFC 9110 §9.3.7)
    } else if (match.same_path == nullptr) {
        denied = Denied{Reason::not_found};
    } else if (request.method == http::verb::options) {
        if (match.same_path->readers == Readers::any_origin) answer_open_preflight(reply, match.allow);
        else answer_preflight(reply, request, context_.service.settings, match.allow);
    } else {
        denied = Denied{Reason::method_not_allowed};
    }
    if (denied) write_refusal(reply, *denied, Style::problem);
    if (denied && denied->reason == Reason::method_not_allowed) reply.field("Allow", match.allow);
    finish(nullptr, readers, request, reply, denied ? &*denied : nullptr);
}

void Edge::refuse(const Denied& denied, const Request* request, std::string_view bytes, Reply& reply) {
    write_refusal(reply, denied, Style::problem);
    counters_.count_refusal(denied.reason);
    if (request == nullptr) {
        // The answer says what is wrong with the request, and nothing else: pages of listed origins may read
        // it whatever they asked for.
        allow_origin(reply, http::only_value(bytes, "Origin"), context_.service.settings);
        return;
    }
    const auto match = find(*request);
    if (match.same_path != nullptr ? match.same_path->readers == Readers::listed_origins
                                   : request->path.starts_with("/api/"))
        allow_origin(reply, only_origin(*request), context_.service.settings);
}

void Edge::finish(const Route* route, Readers readers, const Request& request, Reply& reply,
                  const Denied* denied) {
    const Settings& settings = context_.service.settings;
    if (readers == Readers::listed_origins) allow_origin(reply, only_origin(request), settings);
    if (readers == Readers::any_origin) allow_any_origin(reply);
    if (route != nullptr && routes_.data() == public_routes().data())
        counters_.count_answer(static_cast<std::size_t>(route - routes_.data()), reply.status);
    if (denied != nullptr) counters_.count_refusal(denied->reason);
    if (settings.log_access || (denied != nullptr && may_log_refusal(request.now)))
        base::log::write(base::log::Level::info, settings.log_access ? "request" : "refused",
                         {{"method", std::string(http::name_of(request.method))},
                          {"path", loggable(request.path)},
                          {"status", std::to_string(reply.status), true},
                          {"code", denied != nullptr ? std::string(public_reason(denied->reason).code) : ""},
                          {"address", request.address}});
}

// True at most once a second, because any client can cause refusals at any rate.
bool Edge::may_log_refusal(base::Timestamp now) {
    const auto second = base::unix_seconds(now);
    if (second == last_refusal_second_) return false;
    last_refusal_second_ = second;
    return true;
}

Reply json_reply(unsigned status, const boost::json::object& body) {
    Reply reply;
    write_json(reply, status, boost::json::serialize(body));
    return reply;
}

Reply no_content() {
    Reply reply;
    reply.status = 204;
    return reply;
}

}  // namespace coatcheck::web
