// SPDX-License-Identifier: Apache-2.0
#include "http/event_loop.hpp"

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/network.hpp"
#include "base/scheduling.hpp"
#include "http/connection.hpp"

#include <boost/asio/post.hpp>

namespace coatcheck::http {

using boost::system::error_code;

namespace {

constexpr Tick stop_ticks = 10;
constexpr std::size_t looked_at_together = 16;
constexpr std::size_t woken_together = 64;
// How many connections are looked at to find one that has waited long: a client with too many connections
// must not cost others time.
constexpr std::size_t sample = 256;

}  // namespace

EventLoop::EventLoop(const Options& options) : options_(options) {}

EventLoop::~EventLoop() = default;

void EventLoop::listen(tcp::acceptor acceptor, std::unique_ptr<Handler> handler) {
    handlers_.push_back(std::move(handler));
    listeners_.push_back(std::make_shared<Listener>(
        Listener{std::move(acceptor), *handlers_.back(), asio::steady_timer(io_)}));
    accept(listeners_.back());
}

void EventLoop::accept(const std::shared_ptr<Listener>& listener) {
    listener->acceptor.async_accept([this, listener, running = Running(listener->waits)](
                                        const error_code& error, tcp::socket socket) mutable {
        running.end();
        if (stopping_ || error == asio::error::operation_aborted) return;
        const bool full = counters_.connections.load(std::memory_order_relaxed) >=
                          options_.max_connections_per_loop;
        if (error || full) {
            const std::string reason = full ? "too many connections" : error.message();
            if (!close_longest_waiting("")) return pause_accepting(listener, reason);
            warn("connection_dropped", reason + ": the one that had waited longest was closed");
        }
        if (!error) welcome(std::move(socket), listener->handler);
        accept(listener);
    });
}

void EventLoop::welcome(tcp::socket socket, Handler& handler) {
    error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) return;
    const std::string address = peer.address().to_string();
    std::string network;
    if (options_.max_connections_per_address > 0 && !is_trusted(address, options_.trusted_proxies)) {
        network = base::network_of(address);
        const auto row = by_address_.find(network);
        if (row != by_address_.end() && row->second >= options_.max_connections_per_address) {
            warn("connection_dropped", "too many connections from " + address);
            if (!close_longest_waiting(network)) return;
        }
    }
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    auto connection = std::make_shared<Connection>(*this, std::move(socket), address, network, handler);
    add(*connection);
    connection->start();
}

// on_tick() moves the connections that it has checked to the end of the list, so the first ones are others at
// each time.
bool EventLoop::close_longest_waiting(const std::string& network) {
    Connection* found = nullptr;
    std::size_t left = sample;
    for (auto& connection : connections_) {
        if (left-- == 0) break;
        if (!network.empty() && connection.network() != network) continue;
        const auto since = connection.waiting_since();
        if (since && (found == nullptr || *since < *found->waiting_since())) found = &connection;
    }
    if (found != nullptr) found->close();
    return found != nullptr;
}

void EventLoop::forget_address(const std::string& network) {
    const auto row = by_address_.find(network);
    if (row != by_address_.end() && --row->second == 0) by_address_.erase(row);
}

void EventLoop::warn(std::string_view event, std::string_view reason) noexcept {
    if (last_warning_ != tick_) base::log::write(base::log::Level::warning, event, {{"reason", reason}});
    last_warning_ = tick_;
}

// Accepts again after 100 ms. Usually the process is out of file descriptors, and accepting again at once
// would spin.
void EventLoop::pause_accepting(const std::shared_ptr<Listener>& listener, std::string_view reason) {
    warn("accept_failed", reason);
    listener->pause.expires_after(std::chrono::milliseconds(100));
    listener->pause.async_wait(
        [this, listener, running = Running(listener->waits)](const error_code& cancelled) mutable {
            running.end();
            if (!cancelled && !stopping_) accept(listener);
        });
}

void EventLoop::note_unreadable(std::string_view entry) {
    if (!std::exchange(noted_unreadable_, true) && options_.on_unreadable_address)
        options_.on_unreadable_address(entry);
}

void EventLoop::add(Connection& connection) { connections_.push_back(connection); }

// Sweeps only when as many have come as were left by the last sweep: many pages may come at once.
void EventLoop::add_stream(const std::shared_ptr<Connection>& connection) {
    if (streams_.size() >= sweep_streams_at_) {
        sweep_streams();
        sweep_streams_at_ = std::max<std::size_t>(16, 2 * streams_.size());
    }
    streams_.push_back(connection);
    has_streams_ = true;
}

// Many calls while the loop is busy wake it only once.
void EventLoop::wake_streams() {
    if (!has_streams_ || wake_is_posted_.exchange(true)) return;
    base::once_memory_allows([this] {
        asio::post(io_, [this] {
            wake_is_posted_ = false;
            sweep_streams();
            wake_from(0);
        });
    });
}

// Wakes some, and lets other work of the loop come before the next ones.
void EventLoop::wake_from(std::size_t first) {
    const std::size_t end = std::min(streams_.size(), first + woken_together);
    for (std::size_t i = first; i < end; ++i)
        if (const auto connection = streams_[i].lock()) connection->wake_stream();
    if (end >= streams_.size()) return;
    base::once_memory_allows([this, end] {
        asio::post(io_, [this, end] {
            --waking_;
            wake_from(end);
        });
    });
    ++waking_;
}

// Not while some wait for their turn in wake_from(), which would pass over them.
void EventLoop::sweep_streams() {
    if (waking_ == 0) std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
}

// A failure inside a connection closes that connection (Connection::guarded()). Others arrive here.
void EventLoop::run() {
    base::take_short_turns();
    for (;;) {
        try {
            go_on();
            io_.run();
            return;
        } catch (const std::exception& failure) {
            warn("event_loop_failed", failure.what());
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

void EventLoop::go_on() {
    for (const auto& listener : listeners_)
        if (!listener->waits && !stopping_) accept(listener);
    if (!ticks_) on_tick();
}

void EventLoop::stop() {
    base::once_memory_allows([this] { asio::post(io_, [this] { begin_stop(); }); });
}

void EventLoop::begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    stop_at_ = tick_ + stop_ticks;
    error_code ignored;
    for (const auto& listener : listeners_) {
        listener->acceptor.close(ignored);
        listener->pause.cancel();
    }
    for (auto& connection : connections_) connection.wind_down();
    ticker_.cancel();
    on_tick();
}

// close() may be called while this iterates: a connection leaves the list only when it is destroyed, and
// the operation that it waits for still holds a reference to it.
void EventLoop::on_tick() {
    if (!stopping_) {
        ++tick_;
        next_tick_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        in_tick_ = unseen_ = static_cast<std::size_t>(counters_.connections.load(std::memory_order_relaxed));
        return look_at_some();
    }
    // While the loop stops, it checks all connections ten times a second. A tick is still a second.
    if (++looks_ % 10 == 0) ++tick_;
    for (auto& connection : connections_) {
        if (tick_ >= stop_at_) connection.close();
        else connection.on_tick(tick_);
    }
    if (connections_.empty()) return;
    ticker_.expires_after(std::chrono::milliseconds(100));
    when_ticker_expires(&EventLoop::on_tick);
}

void EventLoop::when_ticker_expires(void (EventLoop::*next)()) {
    ticker_.async_wait([this, next, running = Running(ticks_)](const error_code& cancelled) mutable {
        running.end();
        if (!cancelled) (this->*next)();
    });
}

// Checks the deadlines of a few connections: so few that requests never wait long, even if every connection
// has to be closed. The checks are spread over the tick; if they are behind that schedule, this checks
// more. A connection that was checked moves to the end of the list.
void EventLoop::look_at_some() {
    if (stopping_) return on_tick();
    using std::chrono::nanoseconds;
    constexpr nanoseconds second = std::chrono::seconds(1);
    const auto left = std::clamp<nanoseconds>(next_tick_ - std::chrono::steady_clock::now(), nanoseconds(0),
                                              second);
    const auto may_wait = static_cast<std::size_t>(static_cast<double>(in_tick_) *
                                                   std::chrono::duration<double>(left).count());
    for (std::size_t i =
             std::min(unseen_, std::max(looked_at_together, unseen_ - std::min(unseen_, may_wait)));
         i > 0 && !connections_.empty(); --i, --unseen_) {
        Connection& connection = connections_.front();
        connections_.splice(connections_.end(), connections_, connections_.begin());
        connection.on_tick(tick_);
    }
    if (connections_.empty()) unseen_ = 0;
    if (unseen_ == 0) ticker_.expires_at(next_tick_);
    else ticker_.expires_after(second * looked_at_together / std::max(in_tick_, looked_at_together));
    when_ticker_expires(unseen_ == 0 ? &EventLoop::on_tick : &EventLoop::look_at_some);
}

const std::string& EventLoop::date_field(base::Timestamp now) {
    const std::int64_t second = base::unix_seconds(now);
    if (second != date_second_) {
        date_second_ = second;
        date_field_ = "Date: " + base::http_date(now) + "\r\n";
    }
    return date_field_;
}

}  // namespace coatcheck::http
