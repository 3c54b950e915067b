// SPDX-License-Identifier: Apache-2.0
// One connection of a client. Each request goes through the same stages: bytes → framing gate → parser →
// handler → answer → next request. A connection waits in three places only: for bytes, for a handler's
// coroutine, and for the client to read.
#pragma once

#include "http/chunked.hpp"
#include "http/event_loop.hpp"
#include "http/framing.hpp"
#include "http/message.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>

namespace coatcheck::http {

class Connection : public std::enable_shared_from_this<Connection>, public ConnectionHook {
public:
    // `peer` is the address of the other end, and `network` what counts as one address with it; empty: it is
    // not counted.
    Connection(EventLoop& loop, tcp::socket socket, std::string peer, std::string network, Handler& handler);
    ~Connection();

    void start();
    // Called each second. Closes the connection if its deadline has passed, and lets its stream send a sign
    // of life (Stream::beat()).
    void on_tick(Tick now);
    // When it began to wait for a request, or for the rest of one; nullopt: it does not.
    std::optional<Tick> waiting_since() const;
    const std::string& network() const { return network_; }
    // Closes the connection at once if it is idle or sends a stream. Otherwise closes it after its next
    // answer.
    void wind_down();
    void close();
    // Sends what the connection's stream has to send, until the client must read first.
    void wake_stream();

private:
    enum class State { idle, header, body, answering, writing, streaming, lingering, closed };

    // Runs `work`. If it fails, such as with std::bad_alloc, the connection closes, and no other one.
    template <class Work>
    void guarded(Work work) noexcept;
    void stream_more();
    void enter(State state);
    void read_more();
    void on_read(std::size_t bytes);
    // Handles the complete requests in the buffer, until more bytes are needed, a handler waits, or the
    // client must read first.
    void work();
    // Both read a part of the next request. False: more bytes are needed, or the connection is ending.
    bool take_header();
    bool take_body();
    void read_clocks();
    void parse_header(std::string_view head);
    void handle();
    void run(Waiting waiting);
    void finish(base::Timestamp now);
    void drop_front(std::size_t count);
    void refuse_and_close(const base::Denied& denied);
    void send();
    std::size_t send_some(boost::system::error_code& error);
    void linger();
    void start_stream();
    void beat();

    EventLoop& loop_;
    tcp::socket socket_;
    const std::string peer_, network_;
    const bool peer_is_trusted_;
    Handler& handler_;
    State state_ = State::closed;
    Tick deadline_ = 0;

    std::string in_;           // bytes received; a request starts at the front
    std::size_t in_size_ = 0;  // how many bytes of in_ are filled
    std::size_t head_size_ = 0;
    std::optional<Frame> frame_;  // of the request at the front
    ChunkedBody chunks_;          // of its body, if that comes in chunks
    bool had_empty_line_ = false;
    std::string out_;
    std::string_view out_tail_;  // sent after out_: a fixed body, which many connections may share
    std::size_t sent_ = 0;       // of out_ and out_tail_ together

    std::array<std::byte, 2048> arena_memory_;  // for the fields of a usual request; larger ones use the heap
    std::pmr::monotonic_buffer_resource arena_{arena_memory_.data(), arena_memory_.size()};
    std::optional<Parser> parser_;
    Request request_;
    Response response_;
    std::unique_ptr<Stream> stream_;  // set once an answer was a stream
    bool is_stream_ = false;          // it counts as one
    bool head_only_ = false;
    bool close_after_answer_ = false;
    bool starting_ = false;   // run() is still in co_spawn()
    bool streaming_ = false;  // stream_more() is under way
};

}  // namespace coatcheck::http
