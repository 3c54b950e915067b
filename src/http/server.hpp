// SPDX-License-Identifier: Apache-2.0
// The HTTP server: one event loop for each core. If all loops listen on one address, each has its own
// SO_REUSEPORT acceptor.
#pragma once

#include "http/event_loop.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace coatcheck::http {

class Server {
public:
    using MakeHandler = std::function<std::unique_ptr<Handler>()>;

    Server(const Options& options, std::size_t loops);
    ~Server();

    // Listens on an address with all event loops, and calls `make` once for each loop. Returns the port: a
    // free one if the endpoint's port is 0. Throws std::runtime_error with a readable sentence if it cannot
    // listen, also if another server has the port (which SO_REUSEPORT alone would hide). Connections are
    // accepted from start() on.
    std::uint16_t listen(const Endpoint& endpoint, const MakeHandler& make);
    // As listen(), but with one event loop, for an address with few requests.
    std::uint16_t listen_on_one_loop(const Endpoint& endpoint, std::unique_ptr<Handler> handler);

    void start();
    // From now on each answer closes its connection. The server goes on, so that clients and proxies go
    // elsewhere by themselves. Any thread.
    void drain();
    // Lets running requests end, for at most 10 s, and joins the threads.
    void stop();
    // Tells all streams that they may have more to send. Any thread.
    void wake_streams();

    // Sums of all event loops.
    struct Totals {
        std::uint64_t accepted = 0, connections = 0, streams = 0;
    };
    Totals totals() const;

private:
    using LocalName = asio::local::stream_protocol::acceptor;
    static LocalName claim(asio::io_context& io, const Endpoint& endpoint);

    std::vector<std::unique_ptr<EventLoop>> loops_;
    std::vector<LocalName> claims_;
    std::vector<std::thread> threads_;
};

}  // namespace coatcheck::http
