// SPDX-License-Identifier: Apache-2.0
// One event loop: a thread, its acceptors and its connections. A connection never moves to another thread,
// so nothing here needs a lock, except for the counters, which other threads read.
#pragma once

#include "http/handler.hpp"
#include "http/options.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coatcheck::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class Connection;

// Deadlines are counted in ticks of one second. In each tick, the loop checks the deadline of every
// connection, a few connections at a time.
using Tick = std::uint64_t;

struct Counters {
    std::atomic<std::uint64_t> accepted{0}, connections{0}, streams{0};
};

using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class EventLoop {
public:
    explicit EventLoop(const Options& options);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;

    // Accepts connections from run() on; `handler` answers their requests.
    void listen(tcp::acceptor acceptor, std::unique_ptr<Handler> handler);
    // Runs until stop() was called and the last connection has closed.
    void run();
    // Any thread. Accepts no new connections, closes idle ones, and lets the others send their answer
    // first, for at most 10 s.
    void stop();
    // Any thread. Makes all connections with a stream send what the stream has.
    void wake_streams();

    const Counters& counters() const { return counters_; }

    // For the connections of this loop.
    asio::io_context& io() { return io_; }
    const Options& options() const { return options_; }
    Counters& counters() { return counters_; }
    Tick tick() const { return tick_; }
    bool stopping() const { return stopping_; }
    // After drain(), each answer closes its connection. Any thread.
    void drain() { draining_ = true; }
    bool draining() const { return draining_.load(std::memory_order_relaxed); }
    // The ready-made Date field for the second of `now`.
    const std::string& date_field(base::Timestamp now);
    void add(Connection& connection);
    void remember_address(const std::string& network) { ++by_address_[network]; }
    void forget_address(const std::string& network);
    // An entry of a trusted proxy's X-Forwarded-For is no address.
    void note_unreadable(std::string_view entry);
    // From now on, wake_streams() also concerns this connection.
    void add_stream(const std::shared_ptr<Connection>& connection);
    // Logs at most one warning a tick, because any client can cause them.
    void warn(std::string_view event, std::string_view reason) noexcept;

private:
    // A handler holds it while its operation runs. An operation that fails may end without calling its
    // handler.
    class Running {
    public:
        explicit Running(bool& is_running) : is_running_(&is_running) { is_running = true; }
        Running(Running&& other) noexcept : is_running_(std::exchange(other.is_running_, nullptr)) {}
        ~Running() { end(); }
        void end() {
            if (is_running_ != nullptr) *std::exchange(is_running_, nullptr) = false;
        }

    private:
        bool* is_running_;
    };
    struct Listener {
        tcp::acceptor acceptor;
        Handler& handler;
        asio::steady_timer pause;
        bool waits = false;  // for a client, or for the end of the pause
    };
    // Accepts and ticks again where a failure, such as std::bad_alloc, has stopped it.
    void go_on();
    void accept(const std::shared_ptr<Listener>& listener);
    void welcome(tcp::socket socket, Handler& handler);
    // Of a sample of the connections, closes the one that has waited longest for a request; of this address,
    // unless it is empty. False: none waits.
    bool close_longest_waiting(const std::string& network);
    void wake_from(std::size_t first);
    void sweep_streams();
    void pause_accepting(const std::shared_ptr<Listener>& listener, std::string_view reason);
    void on_tick();
    void when_ticker_expires(void (EventLoop::*next)());
    void look_at_some();
    void begin_stop();

    const Options options_;
    // The order of these members matters: connections and coroutines that io_ still holds when it is
    // destroyed unlink themselves from the list, change the counters and use their handler.
    std::vector<std::unique_ptr<Handler>> handlers_;
    Counters counters_;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                           boost::intrusive::constant_time_size<false>>
        connections_;
    std::unordered_map<std::string, std::uint64_t> by_address_;  // how many connections an address has
    bool ticks_ = false;
    asio::io_context io_{1};
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::vector<std::weak_ptr<Connection>> streams_;
    std::size_t sweep_streams_at_ = 16, waking_ = 0;  // waking_: how many wake_from() are posted
    std::atomic<bool> has_streams_{false}, wake_is_posted_{false};
    asio::steady_timer ticker_{io_};
    Tick tick_ = 1, stop_at_ = 0, last_warning_ = 0;
    bool noted_unreadable_ = false;
    std::chrono::steady_clock::time_point next_tick_{};
    // The number of connections at the start of this tick, and how many of them the loop has not checked
    // yet.
    std::size_t in_tick_ = 0, unseen_ = 0;
    unsigned looks_ = 0;
    bool stopping_ = false;
    std::atomic<bool> draining_{false};
    std::int64_t date_second_ = -1;
    std::string date_field_;
};

}  // namespace coatcheck::http
