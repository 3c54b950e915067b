// SPDX-License-Identifier: Apache-2.0
// Parses TOML with toml++, and avoids a bug of its version 3.3 with letters beyond ASCII.
#pragma once

#include <toml++/toml.h>
#include <string>
#include <string_view>

namespace coatcheck::app {

// `name` is the file's name in messages. Throws ConfigError with that name and the line.
toml::table parse_toml(std::string_view text, const std::string& name);

}  // namespace coatcheck::app
