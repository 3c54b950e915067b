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
    void loop();
    void answer(int connection);

    Node& node_;
    std::filesystem::path path_;
    int listener_ = -1;
    int wake_[2] = {-1, -1};  // a pipe: the destructor writes to it to end the loop
    std::thread thread_;
};

// Lets the server that runs on `directory` execute the command. nullopt: no server listens there. Throws
// std::runtime_error if the server does not answer: it may have run the command or not.
std::optional<Reply> ask_server(const std::filesystem::path& directory, const boost::json::object& request);

}  // namespace coatcheck::app
