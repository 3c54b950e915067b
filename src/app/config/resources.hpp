// SPDX-License-Identifier: Apache-2.0
// [[resource]]: the APIs that tokens can be for. A list of tables, so the table of keys has no row for it.
#pragma once

#include "app/config/config.hpp"
#include "app/config/toml_file.hpp"

#include <string>

namespace coatcheck::app {

// Adds the resource in this table. `where` names the file and the line. Throws ConfigError.
void read_resource(Config& config, const toml::table& table, const std::string& where);
// As TOML, in the syntax of the file.
std::string print_resources(const Config& config);

}  // namespace coatcheck::app
