// SPDX-License-Identifier: Apache-2.0
// One client connection. A straight line: bytes → framing gate → parser → route → answer → next request. It
// waits in three places only: for bytes, for a coroutine that awaits store or hashing steps, and for the
// client to read.
#pragma once

#include "web/event_loop.hpp"
#include "web/framing.hpp"
#include "web/http.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>

namespace coatcheck::web {

class Connection : public std::enable_shared_from_this<Connection>, public ConnectionHook {
public:
    Connection(EventLoop& loop, tcp::socket socket, std::string peer, std::span<const Route> routes);
    ~Connection();

    void start();
    // Closes it if its deadline has passed.
    void on_tick(Tick now);
    // Closes it if no request is under way; otherwise its next answer is the last.
    void wind_down();
    void close();
    // Where it follows the revocations: sends those that it has not sent; says that it is alive.
    void stream_more();
    void beat();

private:
    enum class State { idle, header, body, answering, writing, streaming, lingering, closed };

    void enter(State state);
    void read_more();
    void on_read(std::size_t bytes);
    // Handles whole requests in the buffer until bytes are missing, a handler waits, or the client must read
    // first.
    void work();
    // What of the next request is there: false means more bytes are needed, or the connection is ending.
    bool take_header();
    void parse_header(std::string_view head);
    std::string_view routed_path();
    void handle();
    void run_waiting(const Route& route);
    void finish(bool is_known_route);
    void tell_failure(std::exception_ptr failed);
    void refuse_and_close(const base::Denied& denied);
    void send();
    std::size_t send_some(boost::system::error_code& error);
    void linger();
    // connection_stream.cpp
    void start_stream();
    bool fill_stream();

    EventLoop& loop_;
    tcp::socket socket_;
    const std::string peer_;
    const bool peer_is_trusted_;
    const std::span<const Route> routes_;
    State state_ = State::closed;
    Tick deadline_ = 0;

    std::string in_;           // bytes received; a request starts at its front
    std::size_t in_size_ = 0;  // how many of in_ are filled
    std::size_t head_size_ = 0;
    std::optional<Frame> frame_;  // of the request at the front
    std::string out_;
    std::string_view out_tail_;  // what is sent after it: a fixed body, which many connections may share
    std::size_t sent_ = 0;       // of both

    std::array<std::byte, 2048> arena_memory_;  // fields of a usual request; larger ones go to the heap
    std::pmr::monotonic_buffer_resource arena_{arena_memory_.data(), arena_memory_.size()};
    std::optional<Parser> parser_;
    Request request_;
    Response response_;
    const Route* route_ = nullptr;
    bool cross_origin_ = false;
    bool head_only_ = false;
    bool last_ = false;  // close after this answer
    bool starting_ = false;

    std::optional<std::uint64_t> followed_;  // up to where the revocations are in out_
    bool told_synced_ = false;
    bool streaming_ = false;  // stream_more() is under way
};

}  // namespace coatcheck::web
