// SPDX-License-Identifier: Apache-2.0
#include "app/words.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

namespace coatcheck::app {

namespace json = boost::json;

void add_common(CLI::App* command, Words& words) {
    command->add_option("--config", words.config_file, "Configuration file (TOML)")
        ->envname("COATCHECK_CONFIG");
    command->add_option("--data", words.directory, "Data directory")
        ->envname("COATCHECK_DATA")
        ->capture_default_str();
    command->add_option("--set", words.sources.settings, "Sets one configuration key: section.key=value");
    command->add_flag("--json", words.as_json, "Prints JSON");
}

void add_key_flag(CLI::App* command, Words& words, const std::string& flag, const std::string& key,
                  const std::string& help) {
    command->add_option_function<std::string>(
        flag, [&words, key](const std::string& value) { words.sources.flags.emplace_back(key, value); },
        help);
}

void add_text(CLI::App* command, Words& words, const std::string& option, const std::string& member,
              const std::string& help, bool required) {
    command
        ->add_option_function<std::string>(
            option, [&words, member](const std::string& value) { words.request[member] = value; }, help)
        ->required(required);
}

void add_list(CLI::App* command, Words& words, const std::string& option, const std::string& member,
              const std::string& help) {
    command
        ->add_option_function<std::vector<std::string>>(
            option,
            [&words, member](const std::vector<std::string>& values) {
                words.request[member] = json::array(values.begin(), values.end());
            },
            help)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace coatcheck::app
