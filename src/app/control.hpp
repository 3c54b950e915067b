// SPDX-License-Identifier: Apache-2.0
// The control socket, through which commands reach a running server. It is a Unix socket in the data
// directory, with mode 0600. Each side sends one JSON object, which ends with the end of file. The server
// answers only its own user and root.
#pragma once

#include "app/commands/commands.hpp"

#include <filesystem>
#include <optional>
#include <thread>

namespace coatcheck::app {

// Executes commands, one after another, on a thread of its own.
class ControlServer {
public:
    ControlServer(Node& node, const std::filesystem::path& directory);
    ~ControlServer();

private:
    // Binds the socket, in the place of a file that is there. Throws std::runtime_error.
    void open();
    // False: another program has removed the socket, or put another file in its place.
    bool is_in_place() const;
    void restore();
    void loop();
    void answer(int connection);

    Node& node_;
    std::filesystem::path path_;
    int listener_ = -1;
    std::pair<dev_t, ino_t> file_, directory_;  // of the socket, and of the directory that is locked
    bool is_lost_ = false;                      // restore() has failed, and has logged it
    int wake_[2] = {-1, -1};                    // a pipe: the destructor writes to it to end the loop
    std::thread thread_;
};

// Lets the server that runs on `directory` execute the command. nullopt: no server listens there. Throws
// std::runtime_error if the server does not answer: it may have run the command or not.
std::optional<Reply> ask_server(const std::filesystem::path& directory, const boost::json::object& request);

}  // namespace coatcheck::app
