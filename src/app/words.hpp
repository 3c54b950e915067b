// SPDX-License-Identifier: Apache-2.0
// The command line as read, and the options that fill it in.
#pragma once

#include "app/config/config.hpp"

#include <boost/json/object.hpp>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace coatcheck::app {

struct Words {
    std::string config_file, directory = "./coatcheck-data";
    bool as_json = false;
    ConfigSources sources;
    boost::json::object request;  // for execute(): the command and its arguments
    bool password_plain = false, password_hash = false;
};

// Adds the options that all commands have.
void add_common(CLI::App* command, Words& words);
// Adds a flag that sets a configuration key.
void add_key_flag(CLI::App* command, Words& words, const std::string& flag, const std::string& key,
                  const std::string& help);
// Adds an option whose value becomes this member of the request.
void add_text(CLI::App* command, Words& words, const std::string& option, const std::string& member,
              const std::string& help, bool required = false);
// Adds an option that may be given several times, with one value each: --role admin --role editor.
void add_list(CLI::App* command, Words& words, const std::string& option, const std::string& member,
              const std::string& help);

// Adds the commands about OAuth clients. `command` makes one from its whole name and its help.
void add_client_options(const std::function<CLI::App*(const char* line, const char* help)>& command,
                        Words& words);

}  // namespace coatcheck::app
