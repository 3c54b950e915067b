// SPDX-License-Identifier: Apache-2.0
#include "app/control.hpp"

#include "base/log.hpp"
#include "base/threads.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>

namespace coatcheck::app {
namespace {

namespace json = boost::json;

constexpr int look_again_ms = 1000;  // how often the loop looks whether its socket is still there
constexpr std::size_t max_message_bytes = 64 * 1024;
constexpr std::chrono::seconds patience{10};  // how long the server waits for a request
// How long a command waits for its answer: it may have to wait for a sweep or a slow disk.
constexpr std::chrono::seconds client_patience{120};

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path.string();
    if (name.size() >= sizeof address.sun_path)
        throw std::runtime_error("the path of the data directory is too long for a socket: " + name);
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    return address;
}

// Device and inode; zeros if there is no such file.
std::pair<dev_t, ino_t> identity_of(const std::filesystem::path& file) {
    struct stat facts {};
    if (::lstat(file.c_str(), &facts) != 0) return {};
    return {facts.st_dev, facts.st_ino};
}

// Reads everything up to the end of file. nullopt: it is longer than `limit` (0: no limit), it takes longer
// than `patience`, or `wake` can be read.
std::optional<std::string> receive(int connection, std::size_t limit, std::chrono::seconds patience,
                                   int wake = -1) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string text;
    char part[4096];
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd wanted[] = {{connection, POLLIN, 0}, {wake, POLLIN, 0}};
        if (left <= 0 || ::poll(wanted, 2, static_cast<int>(left)) <= 0 || wanted[1].revents != 0)
            return std::nullopt;
        const ssize_t size = ::recv(connection, part, sizeof part, 0);
        if (size == 0) return text;
        if (size < 0) return std::nullopt;
        text.append(part, static_cast<std::size_t>(size));
        if (limit != 0 && text.size() > limit) return std::nullopt;
    }
}

bool send_all(int connection, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
        if (size < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return ::shutdown(connection, SHUT_WR) == 0;
}

}  // namespace

ControlServer::ControlServer(Node& node, const std::filesystem::path& directory)
    : node_(node), path_(DataDirectory::socket_in(directory)) {
    directory_ = identity_of(path_.parent_path());
    open();
    if (::pipe2(wake_, O_CLOEXEC) != 0)
        throw std::runtime_error(std::string("cannot make a pipe: ") + std::strerror(errno));
    thread_ = base::start_thread("the control socket", [this] { loop(); });
}

void ControlServer::open() {
    const sockaddr_un address = address_of(path_);
    const auto* place = reinterpret_cast<const sockaddr*>(&address);
    ::unlink(path_.c_str());  // the directory is locked, so no process uses this socket any more
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat made {};
    // Linux makes the file with the mode of the socket.
    const bool bound = listener >= 0 && ::fchmod(listener, 0600) == 0 &&
                       ::bind(listener, place, sizeof address) == 0 && ::listen(listener, 16) == 0 &&
                       ::lstat(path_.c_str(), &made) == 0;
    const int error = errno;
    if (!bound) {
        ::close(listener);
        throw std::runtime_error("cannot open the control socket " + path_.string() + ": " +
                                 std::strerror(error));
    }
    ::close(std::exchange(listener_, listener));
    file_ = {made.st_dev, made.st_ino};
}

bool ControlServer::is_in_place() const { return identity_of(path_) == file_; }

void ControlServer::restore() {
    try {
        // Another server may have locked another directory with this name.
        if (identity_of(path_.parent_path()) != directory_)
            throw std::runtime_error("the data directory was moved away");
        open();
        is_lost_ = false;
        base::log::write(base::log::Level::warning, "control_socket_restored", {{"file", path_.native()}});
    } catch (const std::exception& failure) {
        if (!std::exchange(is_lost_, true))
            base::log::write(base::log::Level::error, "control_socket_lost", {{"reason", failure.what()}});
    }
}

ControlServer::~ControlServer() {
    if (::write(wake_[1], "x", 1) == 1) thread_.join();
    ::close(listener_);
    ::close(wake_[0]);
    ::close(wake_[1]);
    ::unlink(path_.c_str());
}

void ControlServer::loop() {
    for (;;) {
        pollfd wanted[] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        const int ready = ::poll(wanted, 2, look_again_ms);
        if (ready < 0) {
            ::usleep(100'000);
            continue;
        }
        if (ready == 0 && !is_in_place()) restore();
        if (wanted[1].revents != 0) return;
        if (wanted[0].revents == 0) continue;
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) {
            ::usleep(100'000);  // no free file descriptor: a retry at once would fail again
            continue;
        }
        try {
            answer(connection);
        } catch (const std::exception& failure) {  // such as std::bad_alloc
            base::log::write(base::log::Level::error, "command_failed", {{"reason", failure.what()}});
        }
        ::close(connection);
    }
}

void ControlServer::answer(int connection) {
    const timeval send_patience{patience.count(), 0};
    ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &send_patience, sizeof send_patience);
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != ::geteuid() && peer.uid != 0))
        return;
    auto text = receive(connection, max_message_bytes, patience, wake_[0]);
    if (!text) return;
    boost::system::error_code error;
    const auto request = json::parse(*text, error);
    base::wipe(*text);
    if (error || !request.is_object()) return;
    const Reply reply = execute(node_, request.get_object());
    send_all(
        connection,
        json::serialize(json::object{
            {"status", reply.status}, {"text", reply.text}, {"json", reply.json}, {"error", reply.error}}));
}

std::optional<Reply> ask_server(const std::filesystem::path& directory, const json::object& request) {
    const sockaddr_un address = address_of(DataDirectory::socket_in(directory));
    const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) return std::nullopt;
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(connection);
        return std::nullopt;
    }
    std::string message = json::serialize(request);
    std::optional<std::string> text;
    if (send_all(connection, message)) text = receive(connection, 0, client_patience);
    base::wipe(message);
    ::close(connection);
    // The caller must not run the command itself now, because it might then run twice.
    if (!text || text->empty())
        throw std::runtime_error("the running server did not answer: it may or may not have run the command");
    const auto answer = json::parse(*text).as_object();
    return Reply{static_cast<int>(answer.at("status").as_int64()), answer.at("text").as_string().c_str(),
                 answer.at("json").as_object(), answer.at("error").as_string().c_str()};
}

}  // namespace coatcheck::app
