// SPDX-License-Identifier: Apache-2.0
#include "web/server.hpp"

#include "web/problem.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/ip/v6_only.hpp>
#include <map>
#include <stdexcept>

namespace coatcheck::web {
namespace {

using boost::system::error_code;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using most_unsent = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

std::string name_of(const Endpoint& endpoint) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

void throw_if(const error_code& error, const Endpoint& endpoint) {
    if (error == asio::error::address_in_use)
        throw std::runtime_error("cannot listen on " + name_of(endpoint) +
                                 ": another server is listening there");
    if (error) throw std::runtime_error("cannot listen on " + name_of(endpoint) + ": " + error.message());
}

tcp::acceptor bind_acceptor(asio::io_context& io, const Endpoint& endpoint, bool share) {
    const auto address = asio::ip::make_address(endpoint.host);
    const tcp::endpoint where(address, endpoint.port);
    tcp::acceptor acceptor(io);
    acceptor.open(where.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (share) acceptor.set_option(reuse_port(true));
    // Or the kernel would take megabytes for a client that asks again and again and reads nothing. Accepted
    // sockets inherit it.
    acceptor.set_option(most_unsent(32 * 1024));
    if (address.is_v6()) acceptor.set_option(asio::ip::v6_only(true));
    error_code error;
    acceptor.bind(where, error);
    throw_if(error, endpoint);
    return acceptor;
}

tcp::acceptor open_acceptor(asio::io_context& io, const Endpoint& endpoint, bool share) {
    tcp::acceptor acceptor = bind_acceptor(io, endpoint, share);
    error_code error;
    acceptor.listen(4096, error);
    throw_if(error, endpoint);
    return acceptor;
}

// Two servers that start in the same moment could both find the port free and then share it: this name, which
// no file holds and which goes with its process, is given once.
LocalName claim(asio::io_context& io, const Endpoint& endpoint) {
    LocalName name(io, asio::local::stream_protocol());
    error_code error;
    name.bind(std::string(1, '\0') + "coatcheck listens on " + name_of(endpoint), error);
    throw_if(error, endpoint);
    return name;
}

}  // namespace

Server::Server(Service& service, const Endpoint& endpoint, const std::optional<Endpoint>& metrics,
               std::size_t loops)
    : service_(service) {
    for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<EventLoop>(service));
    if (endpoint.port != 0) claim_ = claim(loops_.front()->io(), endpoint);
    Endpoint real = endpoint;
    {
        // Sockets with SO_REUSEPORT share a port with each other, but never with one that lacks it. It never
        // listens: no client connects to it by mistake.
        asio::io_context io;
        real.port = bind_acceptor(io, endpoint, false).local_endpoint().port();
    }
    port_ = real.port;
    for (auto& loop : loops_) loop->listen(open_acceptor(loop->io(), real, true), public_routes());
    service.log.listen([this] {
        for (auto& loop : loops_) loop->wake_followers();
    });
    if (metrics)
        loops_.front()->listen(open_acceptor(loops_.front()->io(), *metrics, false), metrics_routes());
}

Server::~Server() {
    service_.log.listen(nullptr);
    stop();
}

void Server::start() {
    for (auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
}

void Server::stop() {
    for (auto& loop : loops_) loop->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

std::string Server::counters_text() const {
    std::string text = "# TYPE coatcheck_requests_total counter\n";
    const auto sum = [&](auto value_of) {
        std::uint64_t total = 0;
        for (const auto& loop : loops_) total += value_of(loop->counters()).load(std::memory_order_relaxed);
        return total;
    };
    const auto routes = public_routes();
    for (std::size_t route = 0; route < routes.size(); ++route)
        for (std::size_t status = 2; status < Counters::classes; ++status) {
            const auto total = sum([&](const Counters& c) -> auto& { return c.answers[route][status]; });
            if (total == 0) continue;
            text.append("coatcheck_requests_total{method=\"")
                .append(http::to_string(routes[route].method).data());
            text.append("\",route=\"")
                .append(routes[route].path)
                .append("\",status=\"")
                .append(std::to_string(status));
            text.append("xx\"} ").append(std::to_string(total)).append("\n");
        }
    text += "# TYPE coatcheck_dialect_requests_total counter\n";
    for (std::size_t dialect = 0; dialect < dialect_names.size(); ++dialect)
        if (service_.settings.dialects[dialect])  // at 0 it can be switched off
            text.append("coatcheck_dialect_requests_total{dialect=\"")
                .append(dialect_names[dialect])
                .append("\"} ")
                .append(std::to_string(service_.dialect_uses[dialect].load(std::memory_order_relaxed)))
                .append("\n");
    std::map<std::string_view, std::uint64_t> refusals;  // two reasons may share a code
    for (std::size_t reason = 0; reason <= static_cast<std::size_t>(base::Reason::internal_error); ++reason)
        refusals[public_reason(static_cast<base::Reason>(reason)).code] +=
            sum([&](const Counters& c) -> auto& { return c.refusals[reason]; });
    text += "# TYPE coatcheck_refusals_total counter\n";
    for (const auto& [code, total] : refusals)
        if (total > 0)
            text.append("coatcheck_refusals_total{code=\"")
                .append(code)
                .append("\"} ")
                .append(std::to_string(total))
                .append("\n");
    const auto add = [&](std::string_view name, std::string_view type, std::uint64_t value) {
        text.append("# TYPE ").append(name).append(" ").append(type).append("\n").append(name).append(" ");
        text.append(std::to_string(value)).append("\n");
    };
    add("coatcheck_connections_accepted_total", "counter",
        sum([](const Counters& c) -> auto& { return c.accepted; }));
    add("coatcheck_connections", "gauge", sum([](const Counters& c) -> auto& { return c.connections; }));
    add("coatcheck_feed_followers", "gauge", sum([](const Counters& c) -> auto& { return c.followers; }));
    return text;
}

}  // namespace coatcheck::web
