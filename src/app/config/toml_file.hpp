// SPDX-License-Identifier: Apache-2.0
// TOML by toml++, around what its version 3.3 does with letters beyond ASCII.
#pragma once

#include <toml++/toml.h>
#include <string>
#include <string_view>

namespace coatcheck::app {

// Throws ConfigError with the file's name and the line.
toml::table parse_toml(std::string_view text, const std::string& name);

}  // namespace coatcheck::app
