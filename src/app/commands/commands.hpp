// SPDX-License-Identifier: Apache-2.0
// The commands that an operator can give to a node. The same function serves both the command line, if no
// server runs on the data, and the control socket, if one does.
#pragma once

#include "app/node.hpp"

#include <boost/json/object.hpp>
#include <string>

namespace coatcheck::app {

struct Reply {
    int status = 0;    // the command's exit status
    std::string text;  // for people
    boost::json::object json;
    std::string error;  // one sentence; empty if status is 0
};

// Executes a command. `request` holds "command", such as "user add", and its arguments as app/cli.cpp writes
// them. Passwords are members of `request`, and never words of a command line. Does not throw: a failure is a
// reply too.
// True if the command only reads.
bool only_reads(std::string_view command);

Reply execute(Node& node, const boost::json::object& request);

// Describes a token (`token inspect`). `node` is nullptr if there is no data directory: no key then decrypts
// the token.
Reply inspect_token(const std::string& token, const Node* node, base::Timestamp now);

}  // namespace coatcheck::app
