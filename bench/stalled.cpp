// SPDX-License-Identifier: Apache-2.0
// Keeps many stalled connections open, and opens a new one when the server ends one. They are opened over
// about as long as the server lets them live, so that they do not all end at once:
//
//   stalled PORT COUNT SECONDS PATH
//
// A third send a header byte by byte, a third send a body byte by byte, and a third ask for PATH again and
// again and read nothing of the answers. Prints a line when all are open, and after SECONDS the number of
// open connections and of those that the server ended, as JSON.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto pause_between_bytes = std::chrono::seconds(4);  // the server waits 10 s for all bytes
constexpr std::chrono::nanoseconds opening_time = std::chrono::seconds(10);
enum Kind { header, body, reader };
constexpr const char* names[] = {"headers", "bodies", "readers"};

struct Stalled {
    Kind kind;
    int socket = -1;
    bool is_connected = false;
    Clock::time_point next_byte{};
};

class Crowd {
public:
    Crowd(int port, std::size_t count, const std::string& path)
        : poll_(epoll_create1(EPOLL_CLOEXEC)), members_(count) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
        begin_[header] = "GET /healthz" + host + "X-Slow: ";
        begin_[body] = "POST /api/v1/authentication" + host +
                       "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
        for (int i = 0; i < 64; ++i) begin_[reader] += "GET " + path + host + "\r\n";
        const auto start = Clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            members_[i].kind = static_cast<Kind>(i % 3);
            open(members_[i]);
            for (const auto due = start + opening_time * static_cast<long>(i) / static_cast<long>(count);
                 Clock::now() < due;)
                turn(std::chrono::milliseconds(1));
        }
    }

    void turn(std::chrono::milliseconds wait) {
        epoll_event events[256];
        const int ready = epoll_wait(poll_, events, 256, static_cast<int>(wait.count()));
        for (int i = 0; i < ready; ++i) handle(*static_cast<Stalled*>(events[i].data.ptr), events[i].events);
        const auto now = Clock::now();
        // Looks at a few members each time, so that the bytes are spread over the pause.
        for (std::size_t i = members_.size() / 1000 + 1; i > 0; --i, next_ = (next_ + 1) % members_.size()) {
            Stalled& member = members_[next_];
            if (!member.is_connected || member.kind == reader || now < member.next_byte) continue;
            member.next_byte = now + pause_between_bytes;
            if (send(member.socket, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
                reopen(member);
        }
    }

    std::size_t connected() const {
        std::size_t count = 0;
        for (const Stalled& member : members_) count += member.is_connected;
        return count;
    }

    void report() const {
        std::printf("{\"open\": %zu", connected());
        for (const Kind kind : {header, body, reader})
            std::printf(", \"ended_%s\": %ld", names[kind], ended_[kind]);
        std::printf("}\n");
    }

private:
    void open(Stalled& member) {
        member.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (member.socket < 0) return std::perror("socket"), std::exit(1);
        if (member.kind == reader) {
            const int small = 4096;
            setsockopt(member.socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        }
        // The connection is reset when it is closed, so that no port stays in TIME_WAIT.
        const linger none{1, 0};
        setsockopt(member.socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        if (::connect(member.socket, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0 &&
            errno != EINPROGRESS)
            return std::perror("connect"), std::exit(1);
        epoll_event event{EPOLLOUT, {.ptr = &member}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, member.socket, &event);
    }

    void handle(Stalled& member, std::uint32_t what) {
        if (!member.is_connected && what == EPOLLOUT) {
            member.is_connected = true;
            member.next_byte = Clock::now() + pause_between_bytes;
            const std::string& begin = begin_[member.kind];
            if (send(member.socket, begin.data(), begin.size(), MSG_NOSIGNAL) < 0) return reopen(member);
            // A reader must not be woken by answers, only by the end of the connection.
            epoll_event event{member.kind == reader ? 0u : static_cast<std::uint32_t>(EPOLLIN),
                              {.ptr = &member}};
            epoll_ctl(poll_, EPOLL_CTL_MOD, member.socket, &event);
            return;
        }
        // The server sends a stalled connection at most one answer, and then ends it.
        reopen(member);
    }

    void reopen(Stalled& member) {
        ++ended_[member.kind];
        close(member.socket);
        member.is_connected = false;
        open(member);
    }

    const int poll_;
    sockaddr_in address_{};
    std::string begin_[3];
    std::vector<Stalled> members_;
    std::size_t next_ = 0;
    long ended_[3]{};
};

}  // namespace

int main(int count, char** words) {
    if (count != 5) return 2;
    const auto size = static_cast<std::size_t>(std::atoi(words[2]));
    Crowd crowd(std::atoi(words[1]), size, words[4]);
    const auto patience = Clock::now() + std::chrono::seconds(15);
    while (crowd.connected() < size * 99 / 100 && Clock::now() < patience)
        crowd.turn(std::chrono::milliseconds(5));
    std::puts("open");
    std::fflush(stdout);
    for (const auto end = Clock::now() + std::chrono::duration<double>(std::atof(words[3]));
         Clock::now() < end;)
        crowd.turn(std::chrono::milliseconds(1));
    crowd.report();
}
