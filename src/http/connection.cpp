// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

#include "base/clock.hpp"
#include "base/reason.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

namespace coatcheck::http {

using base::Reason;
using boost::system::error_code;

namespace {

constexpr std::size_t first_buffer_bytes = 2048;
// With room to read on: of a body in chunks, all data may be there, and the end is not.
constexpr std::size_t max_buffer_bytes = max_head_bytes + max_body_bytes + 64;
// Answers to pipelined requests are sent together up to this size.
constexpr std::size_t max_unsent_bytes = 64 * 1024;
// An idle connection keeps at most this much memory for answers.
constexpr std::size_t most_kept_bytes = 8 * 1024;
constexpr Tick linger_ticks = 3;  // one tick is one second

}  // namespace

Connection::Connection(EventLoop& loop, tcp::socket socket, std::string peer, std::string network,
                       Handler& handler)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      network_(std::move(network)),
      peer_is_trusted_(is_trusted(peer_, loop.options().trusted_proxies)),
      handler_(handler) {
    in_.resize(first_buffer_bytes);
    if (!network_.empty()) loop_.remember_address(network_);
    loop_.counters().connections.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
    loop_.counters().connections.fetch_sub(1, std::memory_order_relaxed);
    if (is_stream_) loop_.counters().streams.fetch_sub(1, std::memory_order_relaxed);
    if (!network_.empty()) loop_.forget_address(network_);
}

template <class Work>
void Connection::guarded(Work work) noexcept {
    try {
        work();
    } catch (const std::exception& failure) {
        loop_.warn("connection_failed", failure.what());
        close();
    }
}

void Connection::start() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    enter(State::idle);
    read_more();
}

void Connection::enter(State state) {
    if (state == state_) return;
    state_ = state;
    const Options& options = loop_.options();
    const auto within = [&](std::chrono::seconds time) {
        deadline_ = loop_.tick() + static_cast<Tick>(time.count()) + 1;
    };
    switch (state) {
        case State::idle: return within(options.idle_time);
        case State::header: return within(options.header_time);
        case State::body: return within(options.body_time);
        case State::writing: return within(options.write_time);
        case State::lingering: deadline_ = loop_.tick() + linger_ticks; return;
        case State::streaming:  // if the client stops reading, the state is `writing`, which has a deadline
        case State::answering:  // the work that a handler waits for has its own limits
        case State::closed: deadline_ = 0; return;
    }
}

std::optional<Tick> Connection::waiting_since() const {
    const Options& options = loop_.options();
    const auto since = [&](std::chrono::seconds within) {
        return deadline_ - static_cast<Tick>(within.count());
    };
    switch (state_) {
        case State::idle: return since(options.idle_time);
        case State::header: return since(options.header_time);
        case State::body: return since(options.body_time);
        default: return std::nullopt;
    }
}

void Connection::on_tick(Tick now) {
    if (deadline_ != 0 && now >= deadline_) return close();
    guarded([this] { beat(); });
}

void Connection::wind_down() {
    close_after_answer_ = true;
    if (state_ == State::idle || stream_) close();
}

void Connection::close() {
    enter(State::closed);
    error_code ignored;
    socket_.close(ignored);
}

void Connection::read_more() {
    if (in_size_ == in_.size()) in_.resize(std::min(max_buffer_bytes, in_.size() * 4));
    socket_.async_read_some(asio::buffer(in_.data() + in_size_, in_.size() - in_size_),
                            [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                                if (self->state_ == State::closed) return;
                                if (error) return self->close();
                                self->guarded([&] { self->on_read(bytes); });
                            });
}

void Connection::on_read(std::size_t bytes) {
    if (state_ == State::lingering || stream_) return read_more();  // these bytes are ignored
    in_size_ += bytes;
    if (state_ == State::idle) enter(State::header);
    work();
}

void Connection::work() {
    for (;;) {
        if (!take_header() || !take_body()) break;
        request_.body = std::string_view(in_.data() + head_size_, frame_->body_bytes);
        read_clocks();
        enter(State::answering);
        handle();
        if (state_ != State::header && state_ != State::idle)
            return;  // a handler waits, or the answer was the last
        if (out_.size() > max_unsent_bytes || !out_tail_.empty()) break;
    }
    if (state_ == State::closed || state_ == State::lingering || state_ == State::writing) return;
    if (!out_.empty()) return send();
    read_more();
}

void Connection::read_clocks() {
    request_.clocks = base::read_clocks();
    request_.now = request_.clocks.latest();
}

bool Connection::take_header() {
    if (frame_) return true;
    // RFC 9112 §2.2: some clients send an empty line after the body before.
    if (in_size_ >= 2 && in_.starts_with("\r\n") && !std::exchange(had_empty_line_, true)) drop_front(2);
    const std::string_view bytes(in_.data(), in_size_);
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos || end + 4 > max_head_bytes) {
        if (in_size_ > max_head_bytes || end != std::string_view::npos)
            refuse_and_close({Reason::headers_too_large, {}, "the header must have at most 16 KiB"});
        return false;
    }
    const std::string_view head = bytes.substr(0, end + 4);
    auto frame = check_framing(head);
    if (!frame) {
        refuse_and_close(frame.error());
        return false;
    }
    head_size_ = head.size();
    frame_ = *frame;
    chunks_ = {};
    had_empty_line_ = false;
    parse_header(head);
    if (state_ == State::closed || state_ == State::lingering || state_ == State::writing) return false;
    if (frame_->body_bytes > max_body_bytes) {
        refuse_and_close({Reason::body_too_large, {}, "the body must have at most 16 KiB"});
        return false;
    }
    const bool has_body = frame_->is_chunked ? in_size_ > head_size_
                                             : in_size_ >= head_size_ + frame_->body_bytes;
    if (frame_->expects_continue && !has_body) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return true;
}

bool Connection::take_body() {
    const std::size_t body_end = head_size_ + frame_->body_bytes;
    bool is_complete = in_size_ >= body_end;
    if (frame_->is_chunked) {
        // The data moves to the end of what is there of the body, and what follows the body behind it.
        const std::span<char> raw(in_.data() + body_end, in_size_ - body_end);
        const auto taken = chunks_.take(raw);
        if (!taken) return refuse_and_close(taken.error()), false;
        std::memmove(raw.data() + taken->data, raw.data() + taken->read, raw.size() - taken->read);
        in_size_ -= taken->read - taken->data;
        frame_->body_bytes += taken->data;
        is_complete = chunks_.is_complete();
    }
    if (!is_complete) enter(State::body);
    return is_complete;
}

void Connection::parse_header(std::string_view head) {
    parser_.reset();
    arena_.release();
    parser_.emplace(std::piecewise_construct, std::make_tuple(), std::make_tuple(Allocator(&arena_)));
    parser_->header_limit(max_head_bytes + 1);
    parser_->body_limit(boost::none);  // take_header() has its own limit for the body
    error_code error;
    parser_->put(asio::buffer(head.data(), head.size()), error);
    if (!parser_->is_header_done()) {
        refuse_and_close({Reason::malformed_request, {}, "the header cannot be parsed"});
        return;
    }
    const auto& message = parser_->get();
    const std::string_view target(message.target().data(), message.target().size());
    const std::string_view origin_form = target.substr(frame_->authority_end);
    const auto question = std::min(origin_form.find('?'), origin_form.size());
    request_.method = message.method();
    request_.host = {message["Host"].data(), message["Host"].size()};
    request_.path = question == 0 ? "/" : origin_form.substr(0, question);
    request_.query = origin_form.substr(std::min(question + 1, origin_form.size()));
    request_.fields = &message;
    request_.from_trusted_proxy = peer_is_trusted_;
    request_.address = peer_;
    if (!peer_is_trusted_) return;
    std::string list;  // several fields make one list (RFC 9110 §5.3)
    for (auto [row, end] = message.equal_range("X-Forwarded-For"); row != end; ++row)
        list.append(list.empty() ? "" : ",").append(row->value().data(), row->value().size());
    std::string_view unreadable;
    request_.address = client_address(peer_, list, loop_.options().trusted_proxies, unreadable);
    if (unreadable.data() != nullptr) loop_.note_unreadable(unreadable);
}

void Connection::handle() {
    response_.clear();
    head_only_ = request_.method == verb::head;
    close_after_answer_ = close_after_answer_ || !frame_->keep_alive || loop_.stopping() || loop_.draining();
    if (auto waiting = handler_.handle(request_, response_)) return run(*std::move(waiting));
    finish(request_.clocks.wall);
}

void Connection::run(Waiting waiting) {
    // A coroutine that has nothing to wait for ends before co_spawn() returns. Then work() is still in its
    // loop, and continues by itself.
    starting_ = true;
    asio::co_spawn(loop_.io(), std::move(waiting), [self = shared_from_this()](std::exception_ptr failed) {
        if (self->state_ == State::closed) return;
        if (failed)
            return self->close();  // the handler broke its promise: nothing in the response is an answer
        self->guarded([&] {
            // Reads the clock again, because a hash or a commit takes time: the answer's Date must not be
            // earlier than the iat of a token in the answer.
            self->finish(base::read_clocks().wall);
            const bool goes_on = self->state_ == State::header || self->state_ == State::idle;
            if (goes_on && !self->starting_) self->work();
        });
    });
    starting_ = false;
}

// `now` is the answer's Date.
void Connection::finish(base::Timestamp now) {
    close_after_answer_ = close_after_answer_ || response_.stream != nullptr;
    response_.close = close_after_answer_;
    response_.write_to(out_, loop_.date_field(now), head_only_, loop_.options().hsts);
    if (!head_only_) out_tail_ = response_.fixed_body;
    if (response_.stream != nullptr && !head_only_) return start_stream();

    drop_front(head_size_ + frame_->body_bytes);  // the next request begins there
    frame_.reset();
    if (in_size_ == 0 && in_.size() > first_buffer_bytes) {
        in_.resize(first_buffer_bytes);
        in_.shrink_to_fit();
    }
    if (close_after_answer_) {
        enter(State::writing);
        return send();
    }
    enter(in_size_ == 0 ? State::idle : State::header);
}

void Connection::drop_front(std::size_t count) {
    std::memmove(in_.data(), in_.data() + count, in_size_ - count);
    in_size_ -= count;
}

void Connection::refuse_and_close(const base::Denied& denied) {
    read_clocks();
    response_.clear();
    const bool has_header = frame_ && parser_ && parser_->is_header_done();
    const std::string_view bytes(in_.data(), in_size_);
    handler_.refuse(denied, has_header ? &request_ : nullptr, bytes, response_);
    response_.close = close_after_answer_ = true;
    const bool head_only = bytes.starts_with("HEAD ");
    response_.write_to(out_, loop_.date_field(request_.clocks.wall), head_only, loop_.options().hsts);
    enter(State::writing);
    send();
}

void Connection::send() {
    const std::size_t total = out_.size() + out_tail_.size();
    if (sent_ < total) {
        error_code error;
        const std::size_t bytes = send_some(error);
        if (error && error != asio::error::would_block) return close();
        if (!error) sent_ += bytes;
    }
    if (sent_ < total) {
        enter(State::writing);
        socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& failed) {
            if (self->state_ == State::closed) return;
            if (failed) return self->close();
            self->guarded([&] { self->send(); });
        });
        return;
    }
    out_.clear();
    out_tail_ = {};
    sent_ = 0;
    if (in_size_ == 0 && out_.capacity() > most_kept_bytes) {
        out_.shrink_to_fit();
        response_.body = std::string();
    }
    if (stream_) return stream_more();
    if (close_after_answer_) return linger();
    if (frame_) return read_more();  // "100 Continue" went out; the body comes
    if (state_ == State::writing) enter(in_size_ == 0 ? State::idle : State::header);
    if (in_size_ > 0) return work();
    read_more();
}

std::size_t Connection::send_some(error_code& error) {
    const auto front = asio::buffer(out_) + sent_;
    if (out_tail_.empty()) return socket_.send(front, MSG_NOSIGNAL, error);
    return socket_.send(std::array{asio::const_buffer(front),
                                   asio::buffer(out_tail_) + (sent_ - std::min(sent_, out_.size()))},
                        MSG_NOSIGNAL, error);
}

// Stops sending, but reads for a moment longer. If the connection closed while bytes still arrive, the
// client could lose the answer (RFC 9112 §9.6).
void Connection::linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    in_size_ = 0;
    enter(State::lingering);
    read_more();
}

// The client may go on sending. The connection reads and ignores those bytes, and so notices when the
// client closes.
void Connection::start_stream() {
    stream_ = std::move(response_.stream);
    in_size_ = 0;
    frame_.reset();
    loop_.add_stream(shared_from_this());
    loop_.counters().streams.fetch_add(1, std::memory_order_relaxed);
    is_stream_ = true;
    read_more();
    if (state_ != State::closed) send();
}

void Connection::wake_stream() {
    guarded([this] { stream_more(); });
}

// Fills and sends in turn, until the client must read first or the stream has nothing more.
void Connection::stream_more() {
    if (streaming_ || state_ == State::closed) return;
    if (!stream_->goes_on(base::read_clocks().latest())) return close();
    streaming_ = true;
    while (state_ != State::closed && out_.empty() && stream_->fill(out_)) send();
    streaming_ = false;
    if (state_ != State::closed && out_.empty()) enter(State::streaming);
}

void Connection::beat() {
    if (state_ != State::streaming) return;
    if (!stream_->goes_on(base::read_clocks().latest())) return close();
    stream_->beat(out_);
    send();
}

}  // namespace coatcheck::http
