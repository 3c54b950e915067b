// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace coatcheck::app {

// A sentence about a command line whose command is unknown or incomplete: it names the word, and the nearest
// command or the ones to choose from. nullopt: its command is a known one.
std::optional<std::string> unknown_command(const CLI::App& app, int argc, const char* const* argv);

}  // namespace coatcheck::app
