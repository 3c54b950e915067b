// SPDX-License-Identifier: Apache-2.0
#include "app/serve.hpp"
#include "app/config/values.hpp"

#include "app/control.hpp"
#include "app/doctor.hpp"
#include "app/node.hpp"
#include "app/private_file.hpp"
#include "base/log.hpp"
#include "crypto/hash_memory.hpp"
#include "http/server.hpp"
#include "web/edge.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace coatcheck::app {
namespace {

constexpr std::size_t max_waiting_hashes = 256;

web::Settings settings_of(const Config& config) {
    web::Settings settings = config.web;
    settings.origin = settings.public_url;
    settings.allowed_origins.insert(config.origins.begin(), config.origins.end());
    settings.dev = config.dev;
    const auto take = [&](web::Dialect dialect, bool on, const std::string& until) {
        if (on)
            settings.dialects[static_cast<std::size_t>(dialect)] = base::parse_day_end(until).value_or(
                base::Timestamp::max());
    };
    take(web::Dialect::bare_authorization, config.bare_authorization, config.bare_authorization_until);
    take(web::Dialect::x_token, config.x_token, config.x_token_until);
    take(web::Dialect::crypt, config.crypt, config.crypt_until);
    take(web::Dialect::foreign, !config.foreign_file.empty(), "");
    take(web::Dialect::envelope, config.envelope, config.envelope_until);
    return settings;
}

http::Options options_of(const Config& config, std::uint64_t max_connections_per_loop) {
    http::Options options;
    for (const auto& proxy : config.trusted_proxies)
        options.trusted_proxies.push_back(http::Network::parse(proxy).value());
    options.hsts = config.web.public_url.starts_with("https://");
    options.max_connections_per_loop = max_connections_per_loop;
    // Behind a proxy that is not named, all clients have the proxy's address.
    constexpr std::uint64_t least = 32;
    if (!config.behind_proxy || !config.trusted_proxies.empty())
        options.max_connections_per_address = std::max(max_connections_per_loop / 4, least);
    return options;
}

// Cuts the entry and shows it as ASCII, because a client may have written it.
std::string unreadable_address(std::string_view entry) {
    constexpr std::size_t most = 64;
    std::string shown(entry.substr(0, most));
    std::ranges::replace_if(
        shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    return "A trusted proxy sends X-Forwarded-For with \"" + shown +
           "\", which is no address: the limits on failed sign-ins count all clients of that proxy as one. "
           "Let it send the address of its client.";
}

http::Endpoint endpoint_of(const std::string& text) {
    const auto listen = parse_listen(text).value();
    return {listen.host, listen.port};
}

// The last part of a revocation's path upward: wakes the connections that follow the feed.
class Followers final : public auth::FeedListener {
public:
    Followers(http::Server& server, auth::RevocationLog& log) : server_(server), log_(log) {
        log_.listen(this);
    }
    ~Followers() override { log_.listen(nullptr); }
    void on_feed_grown() override { server_.wake_streams(); }

private:
    http::Server& server_;
    auth::RevocationLog& log_;
};

// Adds the metrics of the parts below the edge.
void add_gauges(web::Metrics& metrics, const http::Server& server, const base::WorkerPool& hashing,
                const web::Watchers& watchers) {
    metrics.add_gauge(
        {"coatcheck_connections_accepted_total", "counter", [&server] { return server.totals().accepted; }});
    metrics.add_gauge({"coatcheck_connections", "gauge", [&server] { return server.totals().connections; }});
    metrics.add_gauge({"coatcheck_feed_followers", "gauge", [&server, &watchers] {
                           const auto streams = server.totals().streams, pages = watchers.open();
                           return streams - std::min<std::uint64_t>(streams, pages);
                       }});
    metrics.add_gauge({"coatcheck_session_streams", "gauge", [&watchers] { return watchers.open(); }});
    metrics.add_gauge({"coatcheck_hashes_waiting", "gauge", [&hashing] { return hashing.waiting(); }});
    metrics.add_gauge({"coatcheck_log_dropped_total", "counter", [] { return base::log::dropped(); }});
}

// Blocks the signals that end the server, and those that would end it without a line in the log. Call it
// before any thread starts, so that only sigwait() in serve() gets them.
sigset_t block_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // at the size limit of a file, write() then fails with an error
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGIO, SIGPWR, SIGVTALRM,
                       SIGPROF, SIGSTKFLT})
        sigaddset(&wanted, signal);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigaddset(&wanted, signal);
    pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    return wanted;
}

// The name of a signal that ends the server; empty for any other.
std::string name_of_end(int signal) {
    switch (signal) {
        case SIGTERM: return "TERM";
        case SIGINT: return "INT";
        case SIGQUIT: return "QUIT";
        default: return "";
    }
}

void reload(Node& node) {
    try {
        node.reload();
        base::log::write(base::log::Level::info, "reloaded", {});
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "reload_failed",
                         {{"reason", failure.what()}, {"meaning", "the keys of before stay in use"}});
    }
}

// Returns the name of the signal that ends the server. SIGHUP makes the node read its files of keys again; a
// terminal that closes sends it too.
std::string wait_for_the_end(const sigset_t& signals, Node& node) {
    for (;;) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (auto name = name_of_end(signal); !name.empty()) return name;
        if (signal == SIGHUP) {
            reload(node);
            continue;
        }
        const char* name = sigabbrev_np(signal);
        base::log::write(base::log::Level::warning, "signal_ignored",
                         {{"signal", name != nullptr ? std::string(name) : std::to_string(signal)}});
    }
}

// Waits for this time, or for one more signal that ends the server.
void wait_for_another(const sigset_t& signals, base::Duration time) {
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
                              until - std::chrono::steady_clock::now())
                              .count();
        if (left <= 0) return;
        const timespec wait{left / 1'000'000'000, left % 1'000'000'000};
        if (!name_of_end(sigtimedwait(&signals, nullptr, &wait)).empty()) return;
    }
}

// Passwords and keys are in this process's memory.
void keep_secrets_out_of_core_dumps() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

// Raises the limit of open files as far as the system allows. Returns how many of them connections may use.
std::uint64_t raise_descriptor_limit() {
    constexpr std::uint64_t reserve = 48;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 2 * reserve ? limit.rlim_cur - reserve : reserve;
}

// Builds the node. If PostgreSQL cannot be reached, tries again for as long as the configuration says: after
// a power cut everything starts at once. nullptr: a signal ends the server meanwhile; `ended_by` is its name.
std::unique_ptr<Node> build_node(const Config& config, const std::filesystem::path& directory,
                                 const sigset_t& signals, std::string& ended_by) {
    const auto deadline = std::chrono::steady_clock::now() + config.store_start_wait;
    for (bool is_first = true;; is_first = false) {
        try {
            return std::make_unique<Node>(config, directory, Node::Purpose::serve);
        } catch (const store::NotThereYet& failure) {
            if (std::chrono::steady_clock::now() >= deadline) throw;
            if (is_first)
                base::log::write(base::log::Level::warning, "waiting_for_store",
                                 {{"reason", failure.what()}});
        }
        const timespec pause{1, 0};
        const int signal = sigtimedwait(&signals, nullptr, &pause);
        if (!(ended_by = name_of_end(signal)).empty()) return nullptr;
    }
}

// The address with the port that the server has got, if it asked for any.
std::string with_port(const std::string& listen, std::uint16_t port) {
    return listen.substr(0, listen.rfind(':') + 1) + std::to_string(port);
}

void say_hello(Node& node, const Config& config, const std::filesystem::path& directory,
               const std::string& listens_on) {
    bool nobody = false;
    node.store().run([&](auth::Store& store) { nobody = store.list_users({.limit = 1}).empty(); });
    std::printf("Coatcheck listens on %s; its public_url is %s\n", listens_on.c_str(),
                config.web.public_url.c_str());
    std::printf("data in %s, tokens signed with %s\n", directory.c_str(), config.algorithm.c_str());
    if (config.dev) std::printf("development mode: cookies without Secure\n");
    for (const auto& warning :
         {proxy_hides_clients(config), issuer_is_elsewhere(config), clock_is_wrong(base::read_clocks())})
        if (!warning.empty()) std::printf("warning: %s\n", warning.c_str());
    if (nobody)
        std::printf("There is no user yet. Add one:  coatcheck user add NAME --data %s\n", directory.c_str());
    std::fflush(stdout);
}

}  // namespace

int serve(const Config& config, const std::filesystem::path& directory) {
    const sigset_t signals = block_signals();
    keep_secrets_out_of_core_dumps();
    const std::uint64_t connections = raise_descriptor_limit();
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());

    const auto log_stopping = [](const std::string& signal) {
        base::log::write(base::log::Level::info, "stopping", {{"signal", signal}});
    };
    std::string ended_by;
    const auto built = build_node(config, directory, signals, ended_by);
    if (!built) return log_stopping(ended_by), 0;
    Node& node = *built;
    base::WorkerPool hashing(cores, max_waiting_hashes, crypto::release_hash_memory);
    web::Service service{settings_of(config), node.policy(),      node.store(), hashing,
                         node.keys(),         node.revocations(), node.ring(),  node.log(),
                         node.service_keys(), node.clients()};
    service.crypt = node.crypt();
    service.foreign = node.foreign();
    http::Options options = options_of(config, connections / cores);
    options.on_unreadable_address = [&node](std::string_view entry) {
        node.notice("forwarded_unreadable", unreadable_address(entry));
    };
    http::Server server(options, cores);
    service.watchers.limit(connections / 2);
    add_gauges(service.metrics, server, hashing, service.watchers);
    const std::uint16_t port = server.listen(endpoint_of(config.listen), [&] {
        return std::make_unique<web::Edge>(service, web::public_routes(), service.metrics.add_counters());
    });
    const std::string listens_on = with_port(config.listen, port);
    if (!config.metrics_listen.empty())
        server.listen_on_one_loop(
            endpoint_of(config.metrics_listen),
            std::make_unique<web::Edge>(service, web::metrics_routes(), service.metrics.add_counters()));
    const Followers followers(server, node.log());
    ControlServer control(node, directory);
    node.watch_clock();
    Housekeeper housekeeper(node);
    server.start();
    base::log::write(base::log::Level::info, "started",
                     {{"listen", listens_on}, {"public_url", config.web.public_url}});
    say_hello(node, config, directory, listens_on);

    const std::string signal = wait_for_the_end(signals, node);
    if (config.behind_proxy || !config.trusted_proxies.empty()) {
        service.draining = true;
        server.drain();
        base::log::write(base::log::Level::info, "draining",
                         {{"signal", signal}, {"for", base::format_duration(config.drain)}});
        wait_for_another(signals, config.drain);
    }
    log_stopping(signal);
    server.stop();
    return 0;
}

}  // namespace coatcheck::app
