// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.hpp"
#include "app/config/values.hpp"

#include "app/control.hpp"
#include "app/node.hpp"
#include "base/clock.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>
#include <sstream>

namespace coatcheck::app {
namespace {

using Findings = std::vector<std::string>;

struct Url {
    bool tls = false;
    std::string host;
    std::string port;
};

// `origin` must be one that is_origin() accepts.
Url parsed(const std::string& origin) {
    Url url;
    url.tls = origin.starts_with("https://");
    std::string rest = origin.substr(url.tls ? 8 : 7);
    const auto colon = rest.rfind(':');
    const auto bracket = rest.rfind(']');
    const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
    url.port = has_port ? rest.substr(colon + 1) : url.tls ? "443" : "80";
    url.host = has_port ? rest.substr(0, colon) : rest;
    if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
    return url;
}

bool is_local(const std::string& host) {
    return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1";
}

// The last two labels of a host name. That is close enough to the registrable domain for a warning, but too
// coarse for a decision.
std::string site_of(const std::string& host) {
    const auto last = host.rfind('.');
    if (last == std::string::npos || last == 0) return host;
    const auto before = host.rfind('.', last - 1);
    return before == std::string::npos ? host : host.substr(before + 1);
}

// Sends GET over plain HTTP and returns the whole answer. For https it only connects, and returns an empty
// text. nullopt: nothing listens there, or does not answer within 2 s.
std::optional<std::string> fetch(const Url& url, const std::string& path) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found) != 0) return std::nullopt;
    std::optional<std::string> answer;
    for (const addrinfo* a = found; a != nullptr && !answer; a = a->ai_next) {
        const int connection = ::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{2, 0};
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (::connect(connection, a->ai_addr, a->ai_addrlen) == 0) {
            answer = "";
            const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port +
                                        "\r\nConnection: close\r\n\r\n";
            if (!url.tls && ::send(connection, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
                char part[4096];
                for (ssize_t size;
                     answer->size() < 65536 && (size = ::recv(connection, part, sizeof part, 0)) > 0;)
                    answer->append(part, static_cast<std::size_t>(size));
            }
        }
        ::close(connection);
    }
    ::freeaddrinfo(found);
    return answer;
}

void examine_files(Findings& findings, const Config& config, const std::filesystem::path& directory) {
    struct stat facts {};
    if (::stat(directory.c_str(), &facts) != 0) return;  // the first start makes it
    if ((facts.st_mode & 077) != 0)
        findings.push_back("Other users can open " + directory.string() + "; run: chmod 700 " +
                           directory.string());
    if (facts.st_uid != ::geteuid() && ::geteuid() != 0)
        findings.push_back(directory.string() +
                           " belongs to another user: run coatcheck as that user, or change its owner.");
    const auto key = directory / config.store_sealing_key_file;
    if (::stat(key.c_str(), &facts) == 0 && (facts.st_mode & 077) != 0)
        findings.push_back(key.string() + " can be read by other users; run: chmod 600 " + key.string());
    if (::stat((directory / "coatcheck.db").c_str(), &facts) == 0 && (facts.st_mode & 077) != 0)
        findings.push_back("The database in " + directory.string() +
                           " can be read by other users; run: chmod 600 " +
                           (directory / "coatcheck.db").string());
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        findings.push_back(directory.string() +
                           " cannot be written by this user: run coatcheck as its owner.");
}

// A running server knows best whether its clocks are apart, and what it has noticed since it started.
void add_findings_of_server(Findings& findings, const std::filesystem::path& directory) {
    const auto reply = ask_server(directory, {{"command", "findings"}});
    if (!reply || reply->status != 0) return;
    std::istringstream lines(reply->text);
    for (std::string line; std::getline(lines, line);) findings.push_back(line);
}

// Without a running server, the database tells whether the clock is right.
void examine_clock(Findings& findings, const Config& config, const std::filesystem::path& directory,
                   bool server_runs) {
    const base::Timestamp now = base::read_clocks().wall;
    std::string wrong;
    if (!server_runs) {
        try {
            if (const auto noted = store::noted_clock(place_of(config, directory))) base::start_clock(*noted);
            wrong = clock_is_wrong(base::read_clocks());
            store::check_tables(place_of(config, directory));
        } catch (const std::exception& failure) {
            findings.push_back("The database cannot be used: " + std::string(failure.what()));
        }
    }
    if (!wrong.empty()) findings.push_back(wrong);
    if (now < base::from_unix_seconds(1767225600))  // 2026-01-01
        findings.push_back("This machine's clock says " + base::readable(now) +
                           ", which is in the past: tokens would end at the wrong time. Set the clock.");
    timex state{};
    if (::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
        findings.push_back(
            "This machine's clock is not synchronised with a time server, but the server and its verifiers "
            "need the same time. Turn on systemd-timesyncd or chrony.");
}

void examine_addresses(Findings& findings, const Config& config, bool server_runs) {
    const HostPort listen = parse_listen(config.listen).value();
    const Url url = parsed(config.web.public_url);
    const Url direct{false, listen.host == "0.0.0.0" ? "127.0.0.1" : listen.host,
                     std::to_string(listen.port)};
    const auto here = fetch(direct, "/.well-known/oauth-authorization-server");
    if (!server_runs && here)
        findings.push_back("Something else listens on " + config.listen +
                           ": stop it, or set another port in listen.");
    if (!config.behind_proxy && url.port != direct.port)
        findings.push_back("public_url has the port " + url.port + ", but the server listens on port " +
                           direct.port + ": set public_url to what browsers use, or behind_proxy = true.");
    if (url.tls && !config.behind_proxy)
        findings.push_back(
            "public_url is https, but this server speaks plain HTTP: put a proxy with TLS in front and set "
            "behind_proxy = true.");
    for (auto sentence : {proxy_hides_clients(config), issuer_is_elsewhere(config)})
        if (!sentence.empty()) findings.push_back(std::move(sentence));
    if (!server_runs) return;
    const auto there = fetch(url, "/.well-known/oauth-authorization-server");
    if (!there)
        findings.push_back("Nothing answers at public_url " + config.web.public_url +
                           " from this machine: is the proxy running, and does the host name point to it?");
    else if (!url.tls && there->find("\"issuer\":\"" + config.web.public_url + "\"") == std::string::npos)
        findings.push_back(
            "Something answers at public_url " + config.web.public_url +
            ", but it is not this server: verifiers cannot get the keys from the issuer that tokens name.");
}

void examine_cookies(Findings& findings, const Config& config) {
    const Url url = parsed(config.web.public_url);
    if (!url.tls && !is_local(url.host))
        findings.push_back("public_url is plain http on " + url.host +
                           ": browsers drop Secure cookies there, so sessions with delivery hybrid or cookie "
                           "cannot work. Use https.");
    if (!url.tls && is_local(url.host) && !config.dev)
        findings.push_back(
            "Over http://" + url.host +
            " Chrome and Firefox keep Secure cookies, but Safari does not: for Safari start with --dev.");
    for (const auto& text : config.origins) {
        if (!is_origin(text)) continue;  // an app's, to which no site belongs
        const Url origin = parsed(text);
        if (site_of(origin.host) != site_of(url.host))
            findings.push_back("cors.origins lists " + text + ", which is another site than " +
                               config.web.public_url +
                               ": browsers send no SameSite=Lax cookies from there. Use delivery body for "
                               "its pages, or a host name below the same domain.");
        if (origin.tls != url.tls && !is_local(origin.host))
            findings.push_back("cors.origins lists " + text + " while public_url is " +
                               (url.tls ? "https" : "http") + ": browsers treat them as different sites.");
        if (text == config.web.public_url)
            findings.push_back("cors.origins lists public_url itself, which is harmless but not needed.");
    }
}

}  // namespace

std::string issuer_is_elsewhere(const Config& config) {
    const auto listen = parse_listen(config.listen);
    const Url url = parsed(config.web.public_url);
    if (config.behind_proxy || !listen || listen->port == 0 || !is_local(url.host) ||
        url.port == std::to_string(listen->port))
        return {};
    return "public_url is " + config.web.public_url + ", and the server listens on " + config.listen +
           ": tokens name an issuer that nobody reaches there. Set public_url, or behind_proxy.";
}

std::string proxy_hides_clients(const Config& config) {
    const bool proxied = config.behind_proxy || config.web.public_url.starts_with("https:");
    if (!proxied || !config.trusted_proxies.empty()) return {};
    return "trusted_proxies is empty behind a proxy: every client then has the proxy's address, and the "
           "limits on failed sign-ins count them all as one. Add the proxy's address.";
}

std::string clock_is_wrong(const base::Clocks& clocks) {
    if (!clocks.are_apart()) return {};
    const bool is_behind = clocks.error() < base::Duration(0);
    const bool is_far_ahead = clocks.error() > base::longest_time_off;
    const std::string set_clock =
        "stop the server and run: coatcheck store set-clock (it ends every session)";
    return "The clock says " + base::readable(clocks.wall) + ", but " +
           (is_behind || is_far_ahead ? "the latest time in the database is "
                                      : "by the time that has passed it should say ") +
           base::readable(clocks.steady) +
           ": no tokens are issued. If the clock is wrong, set it. If it is right, " +
           (is_behind      ? "the database was used while a clock was ahead; then " + set_clock
            : is_far_ahead ? "and the server was off for so long, " + set_clock
                           : "restart the server, or wait ten minutes") +
           ".";
}

std::vector<std::string> examine(const Config& config, const std::filesystem::path& directory) {
    Findings findings;
    const bool server_runs = ask_server(directory, {{"command", "key list"}}).has_value();
    examine_files(findings, config, directory);
    if (server_runs) add_findings_of_server(findings, directory);
    examine_clock(findings, config, directory, server_runs);
    examine_addresses(findings, config, server_runs);
    examine_cookies(findings, config);
    if (config.policy.access_ttl > std::chrono::hours(1))
        findings.push_back(
            "tokens.access_ttl is " + base::format_duration(config.policy.access_ttl) +
            ": a stolen token works that long at verifiers that do not follow revocations. 15m is usual.");
    return findings;
}

}  // namespace coatcheck::app
