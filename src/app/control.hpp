// SPDX-License-Identifier: Apache-2.0
// The control socket: how commands reach a running server. A Unix socket in the data directory, mode 0600;
// one JSON object each way, ended by end of file. Only the same user and root may speak to it.
#pragma once

#include "app/commands/commands.hpp"

#include <filesystem>
#include <optional>
#include <thread>

namespace coatcheck::app {

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
    int wake_[2] = {-1, -1};  // a pipe: written to once, to end the loop
    std::thread thread_;
};

// Asks the server that runs on `directory`; nothing if none answers.
std::optional<Reply> ask_server(const std::filesystem::path& directory, const boost::json::object& request);

}  // namespace coatcheck::app
