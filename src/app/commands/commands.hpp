// SPDX-License-Identifier: Apache-2.0
// What an operator can tell a node to do. The same function serves the command line directly, where no server
// runs on the data, and the control socket, where one does.
#pragma once

#include "app/node.hpp"

#include <boost/json/object.hpp>
#include <string>

namespace coatcheck::app {

struct Reply {
    int status = 0;    // the command's exit status
    std::string text;  // for people
    boost::json::object json;
    std::string error;  // one sentence; only where status is not 0
};

// `request` holds "command", such as "user add", and its arguments as app/cli.cpp writes them. Passwords come
// as members of it, never as words of a command line.
Reply execute(Node& node, const boost::json::object& request);

// A token in words, without any key: `token inspect` where there is no data.
Reply inspect_token(const std::string& token, const Node* node, base::Timestamp now);

}  // namespace coatcheck::app
