// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "base/threads.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/ip/v6_only.hpp>
#include <stdexcept>

namespace coatcheck::http {
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
                                 ": another program listens there; stop it, or choose another address");
    if (error) throw std::runtime_error("cannot listen on " + name_of(endpoint) + ": " + error.message());
}

tcp::acceptor bind_acceptor(asio::io_context& io, const Endpoint& endpoint, bool share) {
    const auto address = asio::ip::make_address(endpoint.host);
    const tcp::endpoint where(address, endpoint.port);
    tcp::acceptor acceptor(io);
    acceptor.open(where.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (share) acceptor.set_option(reuse_port(true));
    // Without this limit, the kernel would buffer megabytes for a client that sends many requests and reads
    // no answer. Accepted sockets inherit the option.
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

}  // namespace

Server::Server(const Options& options, std::size_t loops) {
    for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<EventLoop>(options));
}

Server::~Server() { stop(); }

// Two servers that start at the same moment could both find the port free, and then share it. Only one
// process can bind this abstract socket name. The name is not a file, and ends with its process.
Server::LocalName Server::claim(asio::io_context& io, const Endpoint& endpoint) {
    LocalName name(io, asio::local::stream_protocol());
    error_code error;
    name.bind(std::string(1, '\0') + "coatcheck listens on " + name_of(endpoint), error);
    throw_if(error, endpoint);
    return name;
}

std::uint16_t Server::listen(const Endpoint& endpoint, const MakeHandler& make) {
    if (endpoint.port != 0) claims_.push_back(claim(loops_.front()->io(), endpoint));
    Endpoint real = endpoint;
    {
        // Sockets with SO_REUSEPORT share a port with each other, but never with a socket without it, such
        // as this one. It never listens, so no client connects to it by mistake.
        asio::io_context io;
        real.port = bind_acceptor(io, endpoint, false).local_endpoint().port();
    }
    for (auto& loop : loops_) loop->listen(open_acceptor(loop->io(), real, true), make());
    return real.port;
}

std::uint16_t Server::listen_on_one_loop(const Endpoint& endpoint, std::unique_ptr<Handler> handler) {
    EventLoop& loop = *loops_.front();
    auto acceptor = open_acceptor(loop.io(), endpoint, false);
    const auto port = acceptor.local_endpoint().port();
    loop.listen(std::move(acceptor), std::move(handler));
    return port;
}

void Server::start() {
    for (auto& loop : loops_)
        threads_.push_back(base::start_thread("an event loop", [&loop] { loop->run(); }));
}

void Server::drain() {
    for (auto& loop : loops_) loop->drain();
}

void Server::stop() {
    for (auto& loop : loops_) loop->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

void Server::wake_streams() {
    for (auto& loop : loops_) loop->wake_streams();
}

Server::Totals Server::totals() const {
    Totals sum;
    for (const auto& loop : loops_) {
        const Counters& one = loop->counters();
        sum.accepted += one.accepted.load(std::memory_order_relaxed);
        sum.connections += one.connections.load(std::memory_order_relaxed);
        sum.streams += one.streams.load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace coatcheck::http
