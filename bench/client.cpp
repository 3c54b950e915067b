// SPDX-License-Identifier: Apache-2.0
// A closed-loop client for requests that depend on the answer before: one epoll loop, a keep-alive connection for each line of
// standard input, for so many seconds.
//   client PORT SECONDS signin    lines are bodies of sign-in requests, each sent again and again
//   client PORT SECONDS refresh   lines are refresh tokens, each replaced by its successor
//   client PORT SECONDS post      lines are bodies that are posted to a server that answers anything
// Prints the rate, the median and the 99th percentile in milliseconds, and how many answers were not what they should be.
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Client {
    int socket = -1;
    std::string line, received;
    Clock::time_point sent;
};

static std::string mode;

static void send_request(Client& client) {
    const std::string path = mode == "refresh" ? "/api/v1/authentication/refresh" : mode == "signin" ? "/api/v1/authentication" : "/";
    const std::string body = mode == "refresh" ? "{\"refresh_token\":\"" + client.line + "\"}" : client.line;
    const std::string request = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body;
    client.sent = Clock::now();
    if (::send(client.socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) std::abort();
}

// True when the whole answer is there.
static bool is_whole(const Client& client) {
    const auto head = client.received.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const auto length = client.received.find("Content-Length: ");
    return length < head && client.received.size() >= head + 4 + std::strtoul(client.received.c_str() + length + 16, nullptr, 10);
}

static bool take_answer(Client& client) {
    bool good = client.received.starts_with("HTTP/1.1 200");
    if (good && mode != "post") good = client.received.find("\"token\":\"ey") != std::string::npos;
    if (good && mode == "refresh") {
        const auto start = client.received.find("\"refresh_token\":\"") + 17;
        const std::string next = client.received.substr(start, client.received.find('"', start) - start);
        good = next.starts_with("ccr_") && next != client.line;
        client.line = next;
    }
    client.received.clear();
    return good;
}

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    mode = argv[3];
    const double seconds = std::atof(argv[2]);
    std::vector<Client> clients;
    for (std::string line; std::getline(std::cin, line);) clients.push_back({-1, line, "", {}});
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int poll = ::epoll_create1(0);
    for (std::size_t i = 0; i < clients.size(); ++i) {
        Client& client = clients[i];
        client.socket = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(client.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
        epoll_event event{EPOLLIN, {.u64 = i}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, client.socket, &event);
        send_request(client);
    }
    std::vector<double> times;
    long wrong = 0;
    const auto start = Clock::now();
    while (std::chrono::duration<double>(Clock::now() - start).count() < seconds) {
        epoll_event events[64];
        const int ready = ::epoll_wait(poll, events, 64, 1000);
        for (int e = 0; e < ready; ++e) {
            Client& client = clients[events[e].data.u64];
            char part[8192];
            const ssize_t size = ::recv(client.socket, part, sizeof part, 0);
            if (size <= 0) return 1;
            client.received.append(part, static_cast<std::size_t>(size));
            if (!is_whole(client)) continue;
            times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - client.sent).count());
            wrong += !take_answer(client);
            send_request(client);
        }
    }
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    std::sort(times.begin(), times.end());
    if (times.empty()) return 1;
    std::printf("%.1f %.3f %.3f %ld\n", static_cast<double>(times.size()) / elapsed, times[times.size() / 2], times[times.size() * 99 / 100], wrong);
    return 0;
}
