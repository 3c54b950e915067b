// SPDX-License-Identifier: Apache-2.0
#include "server_link.hpp"

#include "base/clock.hpp"
#include "token/jwk.hpp"

#include <openssl/http.h>
#include <sys/socket.h>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cerrno>
#include <ctime>
#include <stdexcept>

namespace coatcheck {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;
using asio::use_awaitable;

// The server sends a beat each second. After this long without one it counts as gone.
constexpr auto patience = 3500ms;
constexpr auto first_pause = 50ms, longest_pause = 2000ms;
constexpr std::int64_t sweep_every = 30'000;  // milliseconds
constexpr std::chrono::milliseconds keys_good_for = 5min, keys_cool_down = 5s;
constexpr std::size_t max_key_set_bytes = 64 * 1024;

// The time of the kernel's last tick, some milliseconds ago, because a check can read it at almost no cost.
std::int64_t monotonic_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

ServerAddress ServerAddress::parse(const std::string& url) {
    char *user = nullptr, *host = nullptr, *port = nullptr, *path = nullptr, *query = nullptr,
         *fragment = nullptr;
    int tls = 0;
    const bool good = OSSL_HTTP_parse_url(url.c_str(), &tls, &user, &host, &port, nullptr, &path, &query,
                                          &fragment) == 1;
    ServerAddress address;
    const auto take = [](char* text) {
        std::string taken = text == nullptr ? "" : text;
        OPENSSL_free(text);
        return taken;
    };
    address.tls = tls == 1;
    const std::string name = take(user);
    address.host = take(host);
    address.port = take(port);
    address.prefix = take(path);
    const bool more = !take(query).empty() | !take(fragment).empty();
    const bool has_scheme = url.starts_with("http://") || url.starts_with("https://");
    if (!good || !has_scheme || address.host.empty() || more || !name.empty())
        throw std::invalid_argument("coatcheck: the server's URL must look like https://id.example, not " +
                                    url);
    while (address.prefix.ends_with('/')) address.prefix.pop_back();
    // OpenSSL strips the brackets of an IPv6 address, but the Host field needs them.
    const bool is_default_port = address.port == (address.tls ? "443" : "80");
    address.authority = (address.host.find(':') == std::string::npos ? address.host
                                                                     : "[" + address.host + "]") +
                        (is_default_port ? "" : ":" + address.port);
    return address;
}

ServerLink::ServerLink(const Options& options, verify::KeySet& keys, verify::Revocations& revocations,
                       Entries on_entries, std::function<void()> on_synced)
    : options_(options),
      address_(ServerAddress::parse(options.url)),
      keys_(keys),
      revocations_(revocations),
      on_entries_(std::move(on_entries)),
      on_synced_(std::move(on_synced)),
      reader_(keys, revocations) {
    tls_.set_verify_mode(asio::ssl::verify_peer);
    if (options.ca_file.empty()) tls_.set_default_verify_paths();
    else tls_.load_verify_file(options.ca_file);
    asio::co_spawn(context_, keep_keys(), asio::detached);
    if (options.service_key.empty()) revocations.load({});
    else asio::co_spawn(context_, follow_feed(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

ServerLink::~ServerLink() {
    context_.stop();
    thread_.join();
}

bool ServerLink::is_cut() const {
    return monotonic_ms() - heard_.load(std::memory_order_relaxed) > options_.cut_after.count();
}

bool ServerLink::is_trusted() const {
    if (!has_keys_.load(std::memory_order_acquire)) return false;
    if (options_.service_key.empty()) return true;
    return synced_.load(std::memory_order_acquire) && (options_.when_cut == WhenCut::accept || !is_cut());
}

State::Feed ServerLink::feed_state() const {
    if (options_.service_key.empty()) return State::Feed::none;
    if (!synced_) return State::Feed::never;
    return is_cut() ? State::Feed::cut : State::Feed::following;
}

bool ServerLink::wait_until_ready(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return ready_.wait_for(lock, at_most, [&] { return is_trusted(); });
}

void ServerLink::became_ready() {
    const std::lock_guard lock(mutex_);
    ready_.notify_all();
}

void ServerLink::report(const std::string& what) const {
    if (options_.on_problem) options_.on_problem("Coatcheck at " + options_.url + ": " + what);
}

bool ServerLink::key_set_is_fresh() {
    const auto now = monotonic_ms();
    const auto cool_down = keys_cool_down.count();
    if (now - keys_loaded_.load() < cool_down) return true;
    if (auto asked = keys_asked_.load();
        now - asked >= cool_down && keys_asked_.compare_exchange_strong(asked, now))
        wake_keys();
    return false;
}

void ServerLink::wake_keys() {
    asio::post(context_, [this] { keys_timer_.cancel(); });
}

ServerLink::Head ServerLink::head(const std::string& path) const {
    Head head(http::verb::get, address_.prefix + path, 11);
    head.set(http::field::host, address_.authority);
    head.set(http::field::user_agent, "coatcheck-cpp");
    return head;
}

namespace {

// Connects to the first address that answers. Programs that this process starts do not inherit the socket:
// Asio itself would open it without SOCK_CLOEXEC.
asio::awaitable<void> connect(beast::tcp_stream& stream, asio::ip::tcp::resolver::results_type found) {
    boost::system::error_code error = asio::error::host_not_found;
    for (const auto& entry : found) {
        const auto endpoint = entry.endpoint();
        stream.socket().close(error);
        const int socket = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (socket < 0) throw boost::system::system_error(errno, boost::system::system_category());
        stream.socket().assign(endpoint.protocol(), socket);
        co_await stream.async_connect(endpoint, asio::redirect_error(use_awaitable, error));
        if (!error) co_return;
        if (error == beast::error::timeout) break;
    }
    throw boost::system::system_error(error);
}

}  // namespace

template <class Use>
asio::awaitable<void> ServerLink::connected(Use use) {
    asio::ip::tcp::resolver resolver(context_);
    // The resolver has no time limit. One of Asio's own threads waits for it, not the link's thread.
    const auto found = co_await resolver.async_resolve(address_.host, address_.port, use_awaitable);
    if (!address_.tls) {
        beast::tcp_stream stream(context_);
        stream.expires_after(patience);
        co_await connect(stream, found);
        stream.socket().set_option(asio::ip::tcp::no_delay(true));
        co_await use(stream);
        co_return;
    }
    beast::ssl_stream<beast::tcp_stream> stream(context_, tls_);
    if (SSL_set_tlsext_host_name(stream.native_handle(), address_.host.c_str()) != 1)
        throw std::runtime_error("the host's name cannot be sent");
    stream.set_verify_callback(asio::ssl::host_name_verification(address_.host));
    beast::get_lowest_layer(stream).expires_after(patience);
    co_await connect(beast::get_lowest_layer(stream), found);
    co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
    co_await use(stream);
}

template <class Stream>
asio::awaitable<void> ServerLink::load_keys_over(Stream& stream) {
    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(patience);
    auto request = head("/.well-known/jwks.json");
    request.set(http::field::connection, "close");
    co_await http::async_write(stream, request, use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(max_key_set_bytes);
    co_await http::async_read(stream, buffer, parser, use_awaitable);
    const auto& answer = parser.get();
    if (answer.result() != http::status::ok)
        throw std::runtime_error("the key set request got status " + std::to_string(answer.result_int()));
    // An unchanged set must not make proofs void.
    if (answer.body() != key_text_) {
        const auto set = token::parse_jwk_set(answer.body());
        if (!set) throw std::runtime_error("the answer is not a key set");
        keys_.replace(*set);
        key_text_ = answer.body();
        has_keys_ = !keys_.keys()->empty();
    }
    keys_loaded_ = monotonic_ms();
    became_ready();
}

// Loads the set every five minutes, when a key is unknown, and soon after a failure. Without an answer the
// old keys stay.
asio::awaitable<void> ServerLink::keep_keys() {
    auto pause = std::chrono::milliseconds(first_pause);
    for (;;) {
        std::string problem;
        try {
            co_await connected([this](auto& stream) { return load_keys_over(stream); });
        } catch (const std::exception& error) {
            problem = error.what();
        }
        if (problem.empty()) {
            pause = first_pause;
            keys_timer_.expires_after(keys_good_for);
        } else {
            report(problem);
            keys_timer_.expires_after(pause);
            pause = std::min<std::chrono::milliseconds>(longest_pause, pause * 2);
        }
        boost::system::error_code woken;
        co_await keys_timer_.async_wait(asio::redirect_error(use_awaitable, woken));
    }
}

template <class Stream>
asio::awaitable<void> ServerLink::follow_over(Stream& stream) {
    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(patience);
    auto request = head("/api/v1/revocations");
    request.set(http::field::accept, "text/event-stream");
    request.set(http::field::authorization, "Bearer " + options_.service_key);
    if (!reader_.cursor().empty()) request.set("Last-Event-ID", reader_.cursor());
    co_await http::async_write(stream, request, use_awaitable);

    beast::flat_buffer buffer(2 * verify::max_feed_event);
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    co_await http::async_read_header(stream, buffer, parser, use_awaitable);
    const auto& answer = parser.get();
    if (answer.result() != http::status::ok)
        throw std::runtime_error("the feed answered " + std::to_string(answer.result_int()) + ": " +
                                 std::string(answer[http::field::www_authenticate]));
    server_time_ = base::parse_http_date(answer[http::field::date]);
    server_time_at_ = monotonic_ms();
    reader_.begin();
    while (!parser.is_done()) {
        lowest.expires_after(patience);
        co_await http::async_read_some(stream, buffer, parser, use_awaitable);
        std::string& text = parser.get().body();
        const auto heard = reader_.read(text);
        text.clear();
        if (!heard) throw std::runtime_error("the feed breaks the protocol of docs/revocation.md");
        if (heard->events) heard_ = monotonic_ms();
        const bool key_is_gone = std::ranges::any_of(
            heard->entries, [](const auto& entry) { return entry.kind == verify::Revocation::Kind::key; });
        if (key_is_gone) {
            has_keys_ = !keys_.keys()->empty();
            keys_timer_.cancel();
        }
        on_entries_(heard->entries);
        if (heard->synced && !synced_.exchange(true)) became_ready();
        if (heard->synced) on_synced_();
        if (server_time_ && monotonic_ms() - swept_ > sweep_every) {
            const auto server_now = *server_time_ +
                                    std::chrono::milliseconds(monotonic_ms() - server_time_at_);
            revocations_.sweep(std::min(server_now, base::read_clock()));
            swept_ = monotonic_ms();
        }
    }
    throw std::runtime_error("the feed ended");
}

asio::awaitable<void> ServerLink::follow_feed() {
    auto pause = std::chrono::milliseconds(first_pause);
    for (;;) {
        const auto before = heard_.load();
        std::string problem;
        try {
            co_await connected([this](auto& stream) { return follow_over(stream); });
        } catch (const std::exception& error) {
            problem = error.what();
        }
        report(problem);
        if (heard_ != before) pause = first_pause;
        asio::steady_timer timer(context_, pause);
        co_await timer.async_wait(use_awaitable);
        pause = std::min<std::chrono::milliseconds>(longest_pause, pause * 2);
    }
}

}  // namespace coatcheck
