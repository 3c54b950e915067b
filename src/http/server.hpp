// SPDX-License-Identifier: Apache-2.0
// The HTTP server: one event loop a core, each with its own SO_REUSEPORT acceptor.
#pragma once

#include "web/event_loop.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coatcheck::web {

using LocalName = asio::local::stream_protocol::acceptor;

class Server {
public:
    // Binds and listens; throws std::runtime_error with a sentence where it cannot, also where another server
    // has the port (which SO_REUSEPORT alone would hide). Connections are taken up from start() on.
    Server(Service& service, const Endpoint& endpoint, const std::optional<Endpoint>& metrics,
           std::size_t loops);
    ~Server();

    void start();
    // Lets requests that are under way end, for at most 10 s, and joins the threads.
    void stop();
    // Prometheus text of all loops' counters.
    std::string counters_text() const;
    // Where it listens; the port is the real one where 0 was asked for.
    std::uint16_t port() const { return port_; }

private:
    Service& service_;
    std::vector<std::unique_ptr<EventLoop>> loops_;
    std::optional<LocalName> claim_;
    std::vector<std::thread> threads_;
    std::uint16_t port_ = 0;
};

}  // namespace coatcheck::web
