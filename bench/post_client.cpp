// SPDX-License-Identifier: Apache-2.0
// Sends POST requests over keep-alive connections, one at a time on each, and holds every answer against what it must be.
//
//   post_client fixed   PORT WARM-UP SECONDS CONNECTIONS THREADS FILE
//       the body in FILE, again and again; every answer must be 200 and equal the first one
//   post_client sign-in PORT WARM-UP SECONDS CONNECTIONS THREADS FILE
//       FILE has a line for each user: NAME, tab, body. Users take turns; the answer must name the user and hold a token
//   post_client refresh PORT WARM-UP SECONDS CONNECTIONS THREADS FILE
//       FILE has a refresh token for each connection. Each answer must hold its successor: the same session, the
//       counter one higher. In the end FILE holds, for each connection, the newest refresh token and access token
//
// Prints answers per second as JSON, with what was wrong. Answers before WARM-UP and after WARM-UP + SECONDS do not
// count, but must be right as well.
#include <algorithm>
#include <atomic>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Wrong : std::runtime_error {
    using runtime_error::runtime_error;
};

// The text of a member of a JSON object; what our answers hold needs no unescaping.
std::string member(std::string_view json, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const auto at = json.find(key);
    if (at == std::string_view::npos) throw Wrong("the answer has no " + std::string(name));
    const auto begin = at + key.size();
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string from_base64url(std::string_view text) {
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
        bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
        if ((count += 6) < 8) continue;
        bytes += static_cast<char>(bits >> (count -= 8));
    }
    return bytes;
}

// Session and counter of a refresh token; src/token/refresh_token.hpp describes its form.
struct Generation {
    std::string session;
    std::uint32_t counter = 0;

    explicit Generation(std::string_view token) {
        if (!token.starts_with("ccr_")) throw Wrong("not a refresh token");
        const std::string bytes = from_base64url(token.substr(4));
        if (bytes.size() < 3) throw Wrong("not a refresh token");
        const std::size_t at = 3u + static_cast<unsigned char>(bytes[2]);
        if (bytes.size() < at + 20) throw Wrong("not a refresh token");
        session = bytes.substr(at, 16);
        for (std::size_t i = at + 16; i < at + 20; ++i) counter = counter << 8 | static_cast<unsigned char>(bytes[i]);
    }
};

// What one connection asks, and what the answer must be.
struct Conversation {
    virtual ~Conversation() = default;
    virtual std::string path() const { return "/api/v1/authentication/refresh"; }
    virtual std::string next_body() = 0;
    virtual void check(std::string_view body) = 0;  // throws Wrong
};

struct Fixed : Conversation {
    const std::string& body;
    std::string first;
    explicit Fixed(const std::string& text) : body(text) {}
    std::string next_body() override { return body; }
    void check(std::string_view answer) override {
        if (first.empty()) first = answer;
        if (first != answer) throw Wrong("two different answers");
    }
};

struct SignIn : Conversation {
    const std::vector<std::string>& users;
    std::atomic<std::size_t>& turn;
    std::string name;
    SignIn(const std::vector<std::string>& list, std::atomic<std::size_t>& next) : users(list), turn(next) {}
    std::string path() const override { return "/api/v1/authentication"; }
    std::string next_body() override {
        const std::string& line = users[turn++ % users.size()];
        const auto tab = line.find('\t');
        name = line.substr(0, tab);
        return line.substr(tab + 1);
    }
    void check(std::string_view answer) override {
        if (member(answer, "username") != name) throw Wrong("an answer for another user");
        const std::string token = member(answer, "token");
        if (std::count(token.begin(), token.end(), '.') != 2) throw Wrong("not an access token");
    }
};

struct Refresh : Conversation {
    std::string token, access = "-";
    explicit Refresh(std::string first) : token(std::move(first)) {}
    std::string next_body() override { return "{\"refresh_token\":\"" + token + "\"}"; }
    void check(std::string_view answer) override {
        const std::string successor = member(answer, "refresh_token");
        const Generation before(token), after(successor);
        if (after.session != before.session) throw Wrong("a refresh token of another session");
        if (after.counter != before.counter + 1) throw Wrong("the refresh token was not rotated");
        std::string fresh = member(answer, "token");
        if (fresh == access) throw Wrong("the same access token twice");
        token = successor;
        access = std::move(fresh);
    }
};

struct Connection {
    int descriptor = -1;
    std::unique_ptr<Conversation> conversation;
    std::string received;
    Clock::time_point asked;
    bool is_waiting = false;
};

struct Times {
    Clock::time_point begin, end, give_up;
};

struct Tally {
    long answers = 0, wrong = 0;
    std::string first_wrong;
    std::vector<double> milliseconds;

    void add_wrong(const std::string& what) {
        if (wrong++ == 0) first_wrong = what;
    }
};

int connect_to(int port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        std::perror("post_client: connect");
        std::exit(1);
    }
    return descriptor;
}

// Some of the connections, on a thread of their own.
class Loop {
public:
    Loop(int port, const Times& times) : port_(port), times_(times), epoll_(epoll_create1(0)) {}
    ~Loop() { close(epoll_); }

    void add(Connection& connection) {
        connection.descriptor = connect_to(port_);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
        connections_.push_back(&connection);
    }

    Tally run() {
        for (Connection* connection : connections_) ask(*connection);
        std::vector<epoll_event> events(connections_.size());
        while (waiting_ > 0 && Clock::now() < times_.give_up) {
            const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
            for (int i = 0; i < ready; ++i) read(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
        for (; waiting_ > 0; --waiting_) tally_.add_wrong("no answer");
        for (Connection* connection : connections_) close(connection->descriptor);
        return std::move(tally_);
    }

private:
    void ask(Connection& connection) {
        const std::string body = connection.conversation->next_body();
        const std::string request = "POST " + connection.conversation->path() + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                                    "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        connection.received.clear();
        connection.asked = Clock::now();
        connection.is_waiting = true;
        ++waiting_;
        // Far smaller than a socket's buffer: it goes out whole or not at all.
        if (send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            fail(connection, "a request could not be sent");
    }

    void fail(Connection& connection, const std::string& why) {
        tally_.add_wrong(why);
        epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.descriptor, nullptr);
        if (connection.is_waiting) --waiting_;
        connection.is_waiting = false;
    }

    void read(Connection& connection) {
        char bytes[16384];
        const ssize_t count = recv(connection.descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0 || !connection.is_waiting) return fail(connection, "the server hung up");
        connection.received.append(bytes, static_cast<std::size_t>(count));
        const std::string_view text = connection.received;
        const auto end = text.find("\r\n\r\n");
        if (end == std::string_view::npos) return;
        static constexpr std::string_view length_field = "\r\nContent-Length: ";
        const auto length_at = text.substr(0, end).find(length_field);
        if (length_at == std::string_view::npos) return fail(connection, "no Content-Length");
        const auto length = static_cast<std::size_t>(std::atol(text.data() + length_at + length_field.size()));
        if (text.size() < end + 4 + length) return;
        take(connection, text.substr(0, end), text.substr(end + 4));
    }

    void take(Connection& connection, std::string_view head, std::string_view body) {
        const auto now = Clock::now();
        connection.is_waiting = false;
        --waiting_;
        try {
            if (!head.starts_with("HTTP/1.1 200 ")) throw Wrong(std::string(head.substr(0, head.find('\r'))) + ": " + std::string(body.substr(0, 200)));
            connection.conversation->check(body);
        } catch (const Wrong& wrong) {
            return fail(connection, wrong.what());
        }
        if (now >= times_.begin && now < times_.end) {
            ++tally_.answers;
            tally_.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - connection.asked).count());
        }
        if (now < times_.end) ask(connection);
    }

    const int port_;
    const Times times_;
    const int epoll_;
    std::vector<Connection*> connections_;
    int waiting_ = 0;
    Tally tally_;
};

std::vector<std::string> lines_of(const char* path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

double percentile(const std::vector<double>& sorted, double part) {
    return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int count, char** words) {
    if (count != 8) return 2;
    const std::string mode = words[1];
    const int port = std::atoi(words[2]);
    const double warm_up = std::atof(words[3]), seconds = std::atof(words[4]);
    const auto size = static_cast<std::size_t>(std::atoi(words[5])), threads = static_cast<std::size_t>(std::atoi(words[6]));
    const auto lines = lines_of(words[7]);
    if (lines.empty() || (mode == "refresh" && lines.size() < size)) return 2;

    std::atomic<std::size_t> turn{0};
    std::vector<Connection> connections(size);
    for (std::size_t i = 0; i < size; ++i) {
        auto& conversation = connections[i].conversation;
        if (mode == "fixed") conversation = std::make_unique<Fixed>(lines[0]);
        else if (mode == "sign-in") conversation = std::make_unique<SignIn>(lines, turn);
        else if (mode == "refresh") conversation = std::make_unique<Refresh>(lines[i].substr(0, lines[i].find(' ')));
        else return 2;
    }

    const auto length = [](double s) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s)); };
    const auto begin = Clock::now() + length(warm_up);
    const Times times{begin, begin + length(seconds), begin + length(seconds + 15)};
    Tally all;
    std::mutex mutex;
    std::vector<std::thread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, thread] {
            Loop loop(port, times);
            for (std::size_t i = thread; i < size; i += threads) loop.add(connections[i]);
            const Tally tally = loop.run();
            const std::lock_guard lock(mutex);
            all.answers += tally.answers;
            if (all.wrong == 0) all.first_wrong = tally.first_wrong;
            all.wrong += tally.wrong;
            all.milliseconds.insert(all.milliseconds.end(), tally.milliseconds.begin(), tally.milliseconds.end());
        });
    }
    for (auto& thread : running) thread.join();

    if (mode == "refresh") {
        std::ofstream file(words[7], std::ios::trunc);
        for (const auto& connection : connections) {
            const auto& refresh = static_cast<const Refresh&>(*connection.conversation);
            file << refresh.token << ' ' << refresh.access << '\n';
        }
    }
    for (char& c : all.first_wrong)
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '\'';
    std::sort(all.milliseconds.begin(), all.milliseconds.end());
    std::printf("{\"rate\": %.3f, \"answers\": %ld, \"wrong\": %ld, \"first_wrong\": \"%s\", \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
                static_cast<double>(all.answers) / seconds, all.answers, all.wrong, all.first_wrong.c_str(),
                percentile(all.milliseconds, 0.5), percentile(all.milliseconds, 0.99));
}
