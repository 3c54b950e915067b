// SPDX-License-Identifier: Apache-2.0
// Sends GET requests at a fixed rate, whatever becomes of the answers: a request that finds no connection free waits, and its
// latency counts from when it was due. So a server that stands still for a while is seen to.
//
//   open_loop PORT RATE SECONDS CONNECTIONS PATH [TOKENS]
//
// TOKENS is a file of tokens, one a line, which take turns. Prints JSON: answers, those other than 200, and latencies.
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Connection {
    int socket;
    Clock::time_point due{};
    std::string answer{};
};

int connect_to(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

// Whether `answer` is whole: its head, and as much body as that names.
bool is_whole(std::string_view answer) {
    const auto end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const auto field = answer.substr(0, end).find("Content-Length: ");
    const std::size_t body = field == std::string_view::npos ? 0 : std::strtoul(answer.data() + field + 16, nullptr, 10);
    return answer.size() >= end + 4 + body;
}

}  // namespace

int main(int count, char** words) {
    if (count != 6 && count != 7) return 2;
    const int port = std::atoi(words[1]);
    const auto gap = std::chrono::nanoseconds(static_cast<long>(1e9 / std::atof(words[2])));
    const auto total = static_cast<long>(std::atof(words[2]) * std::atof(words[3]));
    const std::string start_line = "GET " + std::string(words[5]) + " HTTP/1.1\r\nHost: localhost\r\n";
    std::vector<std::string> requests;
    if (count == 7) {
        std::ifstream file(words[6]);
        for (std::string line; std::getline(file, line);) requests.push_back(start_line + "Authorization: Bearer " + line + "\r\n\r\n");
    } else {
        requests.push_back(start_line + "\r\n");
    }
    if (requests.empty()) return 1;

    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<Connection> connections;
    for (int i = std::atoi(words[4]); i > 0; --i) connections.push_back({connect_to(port)});
    std::vector<std::size_t> idle;
    for (std::size_t i = 0; i < connections.size(); ++i) {
        epoll_event event{EPOLLIN, {.u64 = i}};
        if (::epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].socket, &event) != 0) fail("epoll_ctl");
        idle.push_back(i);
    }

    std::vector<double> latencies;
    long sent = 0, wrong = 0;
    const auto start = Clock::now();
    const auto due = [&](long number) { return start + number * gap; };
    while (static_cast<long>(latencies.size()) < total) {
        auto now = Clock::now();
        for (; sent < total && !idle.empty() && due(sent) <= now; ++sent) {
            Connection& next = connections[idle.back()];
            idle.pop_back();
            next.due = due(sent);
            next.answer.clear();
            const std::string& request = requests[static_cast<std::size_t>(sent) % requests.size()];
            if (::send(next.socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) fail("send");
        }
        if (now - due(sent) > std::chrono::seconds(20)) return std::fputs("open_loop: no answers\n", stderr), 1;
        // Where all are busy, until one has an answer; else until the next is due.
        const auto wait = sent < total && !idle.empty() ? std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(due(sent) - now)) : std::chrono::nanoseconds(std::chrono::seconds(1));
        const timespec pause{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
        epoll_event events[64];
        const int ready = ::epoll_pwait2(poll, events, 64, &pause, nullptr);
        now = Clock::now();
        for (int i = 0; i < ready; ++i) {
            Connection& from = connections[events[i].data.u64];
            char bytes[8192];
            const ssize_t size = ::recv(from.socket, bytes, sizeof bytes, 0);
            if (size <= 0) fail("recv");
            from.answer.append(bytes, static_cast<std::size_t>(size));
            if (!is_whole(from.answer)) continue;
            if (!from.answer.starts_with("HTTP/1.1 200 ")) ++wrong;
            latencies.push_back(std::chrono::duration<double, std::milli>(now - from.due).count());
            idle.push_back(events[i].data.u64);
        }
    }
    std::sort(latencies.begin(), latencies.end());
    const auto at = [&](double share) { return latencies[std::min(latencies.size() - 1, static_cast<std::size_t>(share * static_cast<double>(latencies.size())))]; };
    std::printf("{\"answers\": %zu, \"wrong\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"longest_ms\": %.3f}\n", latencies.size(), wrong, at(0.5), at(0.99), at(0.999), latencies.back());
}
