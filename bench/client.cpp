// SPDX-License-Identifier: Apache-2.0
// Sends requests over keep-alive connections, one at a time on each, and checks every answer.
//
//   client KIND PORT WARM-UP SECONDS CONNECTIONS THREADS FILE [RATE]
//
// The kinds of requests, and what FILE holds:
//
//   /path     GET of this path, with the access tokens of FILE in turn, one per line; "-": without a token.
//             Every answer must be 200.
//
//   sign-out  access tokens, one per line, each of its own session. Every answer must be 204.
//
//   fixed     the body of a POST that is repeated. Every answer must be 200 and equal to the first one.
//
//   sign-in   a line for each user: NAME, tab, body. The users take turns. The answer must name the user and
//             hold a token.
//
//   refresh   a refresh token for each connection. Each answer must hold its successor: the same session and
//             a counter that is one higher. At the end FILE holds the newest refresh token and access token
//             of each connection.
//
// Without RATE every connection sends its next request as soon as it has its answer. With RATE so many
// requests per second are due, whatever happens to the answers: a request that finds no connection free
// waits, and its time counts from when it was due. So the times show it if the server stops for a while.
//
// Prints the answers per second and their times as JSON, and what was wrong. Answers before WARM-UP and after
// WARM-UP + SECONDS do not count, but must be right too.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Wrong : std::runtime_error {
    using runtime_error::runtime_error;
};

// The text of a member of a JSON object. The members read here contain nothing to unescape.
std::string member(std::string_view json, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":\"";
    const auto at = json.find(key);
    if (at == std::string_view::npos) throw Wrong("the answer has no " + std::string(name));
    const auto begin = at + key.size();
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string from_base64url(std::string_view text) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
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

// The session and counter of a refresh token; src/token/refresh_token.hpp describes its form.
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
        for (std::size_t i = at + 16; i < at + 20; ++i)
            counter = counter << 8 | static_cast<unsigned char>(bytes[i]);
    }
};

// The requests of one connection, and the check of their answers.
struct Conversation {
    virtual ~Conversation() = default;
    virtual std::string next_request() = 0;
    virtual std::string_view status() const { return "200"; }
    virtual void check(
        std::string_view body) = 0;  // checks the body of an answer with that status; throws Wrong
};

std::string post(const std::string& path, const std::string& body) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The lines of FILE, which all conversations take in turn.
struct Turns {
    std::vector<std::string> lines;
    std::atomic<std::size_t> turn{0};
    const std::string& next() { return lines[turn++ % lines.size()]; }
};

struct Get : Conversation {
    const std::string start;
    Turns& tokens;
    Get(const std::string& path, Turns& turns)
        : start("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n"), tokens(turns) {}
    std::string next_request() override {
        return tokens.lines.empty() ? start + "\r\n"
                                    : start + "Authorization: Bearer " + tokens.next() + "\r\n\r\n";
    }
    void check(std::string_view) override {}
};

struct SignOut : Conversation {
    Turns& tokens;
    explicit SignOut(Turns& turns) : tokens(turns) {}
    std::string next_request() override {
        return "DELETE /api/v1/authentication HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
               tokens.next() + "\r\n\r\n";
    }
    std::string_view status() const override { return "204"; }
    void check(std::string_view) override {}
};

struct Fixed : Conversation {
    const std::string& body;
    std::string first;
    explicit Fixed(const std::string& text) : body(text) {}
    std::string next_request() override { return post("/api/v1/authentication/refresh", body); }
    void check(std::string_view answer) override {
        if (first.empty()) first = answer;
        if (first != answer) throw Wrong("two different answers");
    }
};

struct SignIn : Conversation {
    Turns& users;
    std::string name;
    explicit SignIn(Turns& turns) : users(turns) {}
    std::string next_request() override {
        const std::string& line = users.next();
        const auto tab = line.find('\t');
        name = line.substr(0, tab);
        return post("/api/v1/authentication", line.substr(tab + 1));
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
    std::string next_request() override {
        return post("/api/v1/authentication/refresh", "{\"refresh_token\":\"" + token + "\"}");
    }
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
    Clock::time_point due;
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
        std::perror("client: connect");
        std::exit(1);
    }
    return descriptor;
}

// Serves some of the connections on a thread of its own.
class Loop {
public:
    // `gap`: the time from one request to the next; 0: each is due at once.
    Loop(int port, const Times& times, std::chrono::nanoseconds gap)
        : port_(port), times_(times), gap_(gap), epoll_(epoll_create1(0)) {}
    ~Loop() { close(epoll_); }

    void add(Connection& connection) {
        connection.descriptor = connect_to(port_);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
        connections_.push_back(&connection);
        idle_.push_back(&connection);
    }

    Tally run() {
        const auto start = Clock::now();
        std::vector<epoll_event> events(idle_.size());
        for (long asked = 0;;) {
            const auto now = Clock::now();
            const auto due = [&] { return is_paced() ? start + asked * gap_ : now; };
            for (; !idle_.empty() && due() <= now && due() < times_.end; ++asked) ask(due());
            const bool is_over = due() >= times_.end;
            if ((waiting_ == 0 && (is_over || idle_.empty())) || now >= times_.give_up) break;
            // If all connections are busy, wait for an answer; otherwise until the next request is due.
            const auto wait = idle_.empty() || is_over
                                  ? std::chrono::nanoseconds(std::chrono::milliseconds(100))
                                  : std::chrono::nanoseconds(due() - now);
            const timespec pause{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
            const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &pause,
                                           nullptr);
            for (int i = 0; i < ready; ++i)
                read(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
        for (; waiting_ > 0; --waiting_) tally_.add_wrong("no answer");
        for (const Connection* connection : connections_) close(connection->descriptor);
        return std::move(tally_);
    }

private:
    bool is_paced() const { return gap_.count() > 0; }

    // Uses the connection that has been idle longest, so that all take their turns.
    void ask(Clock::time_point due) {
        Connection& connection = *idle_.front();
        idle_.pop_front();
        const std::string request = connection.conversation->next_request();
        connection.received.clear();
        connection.due = due;
        connection.is_waiting = true;
        ++waiting_;
        // The request is far smaller than a socket's buffer: send() takes all of it or nothing.
        if (send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
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
        const bool is_empty = text.substr(0, end).find(" 204 ") == 8;  // after "HTTP/1.1"
        if (length_at == std::string_view::npos && !is_empty) return fail(connection, "no Content-Length");
        const auto length =
            is_empty ? 0 : static_cast<std::size_t>(std::atol(text.data() + length_at + length_field.size()));
        if (text.size() < end + 4 + length) return;
        take(connection, text.substr(0, end), text.substr(end + 4));
    }

    void take(Connection& connection, std::string_view head, std::string_view body) {
        const auto now = Clock::now();
        connection.is_waiting = false;
        --waiting_;
        try {
            if (head.substr(0, 13) != "HTTP/1.1 " + std::string(connection.conversation->status()) + ' ')
                throw Wrong(std::string(head.substr(0, head.find('\r'))) + ": " +
                            std::string(body.substr(0, 200)));
            connection.conversation->check(body);
        } catch (const Wrong& wrong) {
            return fail(connection, wrong.what());
        }
        // With a rate, a request counts if it was due in the measured time: the late ones must not drop out.
        const auto counted = is_paced() ? connection.due : now;
        if (counted >= times_.begin && counted < times_.end) {
            ++tally_.answers;
            tally_.milliseconds.push_back(
                std::chrono::duration<double, std::milli>(now - connection.due).count());
        }
        idle_.push_back(&connection);
        if (!is_paced() && now < times_.end) ask(now);
    }

    const int port_;
    const Times times_;
    const std::chrono::nanoseconds gap_;
    const int epoll_;
    std::vector<Connection*> connections_;
    std::deque<Connection*> idle_;
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
    return sorted.empty()
               ? 0
               : sorted[std::min(sorted.size() - 1,
                                 static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int count, char** words) {
    if (count != 8 && count != 9) return 2;
    const std::string kind = words[1];
    const int port = std::atoi(words[2]);
    const double warm_up = std::atof(words[3]), seconds = std::atof(words[4]),
                 rate = count == 9 ? std::atof(words[8]) : 0;
    const auto size = static_cast<std::size_t>(std::atoi(words[5])),
               threads = static_cast<std::size_t>(std::atoi(words[6]));
    const bool is_bare = std::string_view(words[7]) == "-";
    Turns turns;
    if (!is_bare) turns.lines = lines_of(words[7]);
    if (turns.lines.empty() != is_bare || (kind == "refresh" && turns.lines.size() < size)) return 2;

    std::vector<Connection> connections(size);
    for (std::size_t i = 0; i < size; ++i) {
        auto& conversation = connections[i].conversation;
        if (kind.starts_with('/')) conversation = std::make_unique<Get>(kind, turns);
        else if (kind == "sign-out") conversation = std::make_unique<SignOut>(turns);
        else if (kind == "fixed") conversation = std::make_unique<Fixed>(turns.lines[0]);
        else if (kind == "sign-in") conversation = std::make_unique<SignIn>(turns);
        else if (kind == "refresh")
            conversation = std::make_unique<Refresh>(turns.lines[i].substr(0, turns.lines[i].find(' ')));
        else return 2;
    }

    const auto length = [](double s) {
        return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
    };
    const auto begin = Clock::now() + length(warm_up);
    const Times times{begin, begin + length(seconds), begin + length(seconds + 15)};
    const std::chrono::nanoseconds gap(rate > 0 ? static_cast<long>(1e9 * static_cast<double>(threads) / rate)
                                                : 0);
    Tally all;
    std::mutex mutex;
    std::vector<std::thread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, thread] {
            Loop loop(port, times, gap);
            for (std::size_t i = thread; i < size; i += threads) loop.add(connections[i]);
            const Tally tally = loop.run();
            const std::lock_guard lock(mutex);
            all.answers += tally.answers;
            if (all.wrong == 0) all.first_wrong = tally.first_wrong;
            all.wrong += tally.wrong;
            all.milliseconds.insert(all.milliseconds.end(), tally.milliseconds.begin(),
                                    tally.milliseconds.end());
        });
    }
    for (auto& thread : running) thread.join();

    if (kind == "refresh") {
        std::ofstream file(words[7], std::ios::trunc);
        for (const auto& connection : connections) {
            const auto& refresh = static_cast<const Refresh&>(*connection.conversation);
            file << refresh.token << ' ' << refresh.access << '\n';
        }
    }
    for (char& c : all.first_wrong)
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '\'';
    std::sort(all.milliseconds.begin(), all.milliseconds.end());
    const auto at = [&](double part) { return percentile(all.milliseconds, part); };
    std::printf(
        "{\"rate\": %.3f, \"answers\": %ld, \"wrong\": %ld, \"first_wrong\": \"%s\", \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, \"p999_ms\": %.3f, \"longest_ms\": %.3f}\n",
        static_cast<double>(all.answers) / seconds, all.answers, all.wrong, all.first_wrong.c_str(), at(0.5),
        at(0.99), at(0.999), at(1));
}
