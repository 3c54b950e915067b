// SPDX-License-Identifier: Apache-2.0
// One event loop: a thread, its acceptors and its connections. A connection never changes thread, so nothing
// in here needs a lock but the counters, which the metrics listener reads from outside.
#pragma once

#include "web/routes.hpp"
#include "web/service.hpp"

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace coatcheck::web {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class Connection;

// Deadlines are coarse: they are kept in ticks of a second and looked at once a tick, a few connections at a
// time.
using Tick = std::uint64_t;

struct Counters {
    static constexpr std::size_t most_routes = 32, classes = 6, reasons = 64;
    std::array<std::array<std::atomic<std::uint64_t>, classes>, most_routes>
        answers{};  // by route and status / 100
    std::array<std::atomic<std::uint64_t>, reasons> refusals{};
    std::atomic<std::uint64_t> accepted{0}, connections{0}, followers{0};
};

using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class EventLoop {
public:
    explicit EventLoop(Service& service);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;

    void listen(tcp::acceptor acceptor, std::span<const Route> routes);
    // Runs until stop() and the last connection are over.
    void run();
    // From any thread: no new connections, idle ones close, the others end with their answer, at the latest
    // after 10 s.
    void stop();

    asio::io_context& io() { return io_; }
    Context& context() { return context_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }
    Tick tick() const { return tick_; }
    bool stopping() const { return stopping_; }
    // The ready-made Date field for that second.
    const std::string& date_field(base::Timestamp now);
    void add(Connection& connection);
    // Tells the connection of new revocations from now on.
    void follow(const std::shared_ptr<Connection>& connection);
    // From any thread: there are new revocations.
    void wake_followers();
    // True at most once a second: for events that a stranger can cause at any rate.
    bool may_log_refusal();

private:
    struct Listener {
        tcp::acceptor acceptor;
        std::span<const Route> routes;
        asio::steady_timer pause;
    };
    void accept(const std::shared_ptr<Listener>& listener);
    void on_tick();
    void look_at_some();
    void begin_stop();

    const std::uint64_t max_connections_;
    // In this order: what is left in io_ when it goes still unlinks itself and counts.
    Context context_;
    Counters counters_;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                           boost::intrusive::constant_time_size<false>>
        connections_;
    asio::io_context io_{1};
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::vector<std::weak_ptr<Connection>> followers_;
    std::atomic<bool> has_followers_{false}, wake_is_posted_{false};
    asio::steady_timer ticker_{io_};
    Tick tick_ = 1, stop_at_ = 0, last_refusal_ = 0;
    std::chrono::steady_clock::time_point next_tick_{};
    std::size_t in_tick_ = 0,
                unseen_ =
                    0;  // connections when this tick began, and how many of them are still to be looked at
    unsigned looks_ = 0;
    bool stopping_ = false;
    std::int64_t date_second_ = -1;
    std::string date_field_;
};

}  // namespace coatcheck::web
