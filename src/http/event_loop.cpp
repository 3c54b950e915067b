// SPDX-License-Identifier: Apache-2.0
#include "web/event_loop.hpp"

#include "auth/tokens.hpp"
#include "base/log.hpp"
#include "base/scheduling.hpp"
#include "web/connection.hpp"

#include <boost/asio/post.hpp>

namespace coatcheck::web {

using boost::system::error_code;

namespace {

constexpr Tick grace_ticks = 10;
constexpr std::size_t looked_at_together = 16;

}  // namespace

EventLoop::EventLoop(Service& service)
    : max_connections_(service.settings.max_connections_per_loop),
      context_{service,
               verify::Verifier(auth::verification_of(service.policy), service.keys, service.revocations)} {}

EventLoop::~EventLoop() = default;

void EventLoop::listen(tcp::acceptor acceptor, std::span<const Route> routes) {
    auto listener = std::make_shared<Listener>(
        Listener{std::move(acceptor), routes, asio::steady_timer(io_)});
    listeners_.push_back(listener);
    accept(listener);
}

void EventLoop::accept(const std::shared_ptr<Listener>& listener) {
    listener->acceptor.async_accept([this, listener](const error_code& error, tcp::socket socket) {
        if (stopping_ || error == asio::error::operation_aborted) return;
        const bool full = counters_.connections.load(std::memory_order_relaxed) >= max_connections_;
        if (error || full) {
            // Out of file descriptors, usually. Accepting again at once would spin.
            if (may_log_refusal())
                base::log::write(base::log::Level::warning, "accept_failed",
                                 {{"reason", full ? "too many connections" : error.message()}});
            listener->pause.expires_after(std::chrono::milliseconds(100));
            listener->pause.async_wait([this, listener](const error_code& cancelled) {
                if (!cancelled && !stopping_) accept(listener);
            });
            return;
        }
        error_code gone;
        const auto peer = socket.remote_endpoint(gone);
        if (!gone) {
            counters_.accepted.fetch_add(1, std::memory_order_relaxed);
            auto connection = std::make_shared<Connection>(*this, std::move(socket),
                                                           peer.address().to_string(), listener->routes);
            add(*connection);
            connection->start();
        }
        accept(listener);
    });
}

void EventLoop::add(Connection& connection) { connections_.push_back(connection); }

void EventLoop::follow(const std::shared_ptr<Connection>& connection) {
    std::erase_if(followers_, [](const auto& follower) { return follower.expired(); });
    followers_.push_back(connection);
    counters_.followers = followers_.size();
    has_followers_ = true;
}

// However many revocations come while this loop is busy, it is woken once.
void EventLoop::wake_followers() {
    if (!has_followers_ || wake_is_posted_.exchange(true)) return;
    asio::post(io_, [this] {
        wake_is_posted_ = false;
        std::erase_if(followers_, [](const auto& follower) { return follower.expired(); });
        counters_.followers = followers_.size();
        for (const auto& follower : followers_)
            if (const auto connection = follower.lock()) connection->stream_more();
    });
}

void EventLoop::run() {
    base::take_short_turns();
    on_tick();
    io_.run();
}

void EventLoop::stop() {
    asio::post(io_, [this] { begin_stop(); });
}

void EventLoop::begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    stop_at_ = tick_ + grace_ticks;
    error_code ignored;
    for (const auto& listener : listeners_) {
        listener->acceptor.close(ignored);
        listener->pause.cancel();
    }
    for (auto& connection : connections_) connection.wind_down();
    ticker_.cancel();
    on_tick();
}

// Connections unlink themselves when they go; the last reference is held by the operation that waits.
void EventLoop::on_tick() {
    if (!stopping_) {
        ++tick_;
        next_tick_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        in_tick_ = unseen_ = static_cast<std::size_t>(counters_.connections.load(std::memory_order_relaxed));
        return look_at_some();
    }
    // While stopping it looks ten times a second; a tick stays a second.
    if (++looks_ % 10 == 0) ++tick_;
    for (auto& connection : connections_) {
        if (tick_ >= stop_at_) connection.close();
        else connection.on_tick(tick_);
    }
    if (connections_.empty()) return;
    ticker_.expires_after(std::chrono::milliseconds(100));
    ticker_.async_wait([this](const error_code& cancelled) {
        if (!cancelled) on_tick();
    });
}

// However many there are, and however many of them are over at once, requests have to wait for a few only;
// for more, where it is late in the tick. Who was looked at goes to the end of the list.
void EventLoop::look_at_some() {
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
    ticker_.async_wait([this](const error_code& cancelled) {
        if (cancelled) return;
        if (unseen_ == 0 || stopping_) on_tick();
        else look_at_some();
    });
}

const std::string& EventLoop::date_field(base::Timestamp now) {
    const std::int64_t second = base::unix_seconds(now);
    if (second != date_second_) {
        date_second_ = second;
        date_field_ = "Date: " + base::http_date(now) + "\r\n";
    }
    return date_field_;
}

bool EventLoop::may_log_refusal() {
    if (last_refusal_ == tick_) return false;
    last_refusal_ = tick_;
    return true;
}

}  // namespace coatcheck::web
