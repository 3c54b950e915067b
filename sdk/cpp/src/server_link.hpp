// SPDX-License-Identifier: Apache-2.0
// The verifier's connection to the server. A thread of its own keeps the key set fresh and follows the feed
// of revocations.
#pragma once

#include "coatcheck/verifier.hpp"
#include "verify/feed_reader.hpp"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace coatcheck {

// The server's address: scheme, host, port, and the path that stands before each request path.
struct ServerAddress {
    bool tls = false;
    std::string host, port, prefix;
    std::string authority;  // for the Host field

    // Throws std::invalid_argument for anything but http:// or https:// with a host, without query or
    // fragment.
    static ServerAddress parse(const std::string& url);
};

class ServerLink {
public:
    using Entries = std::function<void(const std::vector<verify::Revocation>&)>;

    // `on_entries` gets revocations that are already in force. `on_synced` says that every entry of the
    // server has arrived. The link calls both on its own thread.
    ServerLink(const Options& options, verify::KeySet& keys, verify::Revocations& revocations,
               Entries on_entries, std::function<void()> on_synced);
    ~ServerLink();

    // True if tokens may be judged: keys and revocations are known, and are as recent as `when_cut` demands.
    bool is_trusted() const;
    bool wait_until_ready(std::chrono::milliseconds at_most);
    State::Feed feed_state() const;

    // Call it when a token's key is not in the set. True: the set is less than 5 seconds old, so the key is
    // not the server's. False: the link fetches the set again, at most once per cool-down, whatever tokens
    // strangers send.
    bool key_set_is_fresh();

private:
    using Head = boost::beast::http::request<boost::beast::http::empty_body>;

    boost::asio::awaitable<void> keep_keys();
    boost::asio::awaitable<void> follow_feed();
    template <class Stream>
    boost::asio::awaitable<void> load_keys_over(Stream& stream);
    template <class Stream>
    boost::asio::awaitable<void> follow_over(Stream& stream);
    // Connects, with TLS if the address says so, and hands the stream to `use`.
    template <class Use>
    boost::asio::awaitable<void> connected(Use use);
    Head head(const std::string& path) const;
    void report(const std::string& what) const;
    void wake_keys();
    void became_ready();
    bool is_cut() const;

    const Options& options_;
    const ServerAddress address_;
    verify::KeySet& keys_;
    verify::Revocations& revocations_;
    Entries on_entries_;
    std::function<void()> on_synced_;
    verify::FeedReader reader_;
    std::string key_text_;  // the last key set that arrived
    std::int64_t swept_ = 0;
    // The server's time when this connection began, and the monotonic time at that moment. Entries are swept
    // by the earlier of the server's clock and this machine's: if one is ahead for a moment, an entry that it
    // makes look old would not come again.
    std::optional<base::Timestamp> server_time_;
    std::int64_t server_time_at_ = 0;

    std::atomic<bool> has_keys_{false}, synced_{false};
    std::atomic<std::int64_t> heard_{0}, keys_loaded_{0}, keys_asked_{0};  // monotonic milliseconds
    std::mutex mutex_;
    std::condition_variable ready_;

    boost::asio::io_context context_{1};
    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
    boost::asio::steady_timer keys_timer_{context_};
    std::thread thread_;
};

}  // namespace coatcheck
