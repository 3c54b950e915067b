// SPDX-License-Identifier: Apache-2.0
// Looks for mistakes in this machine's configuration, and names each in one sentence that says what to do.
#pragma once

#include "app/config/config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace coatcheck::app {

// Empty: nothing found. Reads and connects; changes nothing.
std::vector<std::string> examine(const Config& config, const std::filesystem::path& directory);

// The one finding that `serve` also gives at its start: all clients would share one limit on failed sign-ins.
// Empty: fine.
std::string proxy_hides_clients(const Config& config);

}  // namespace coatcheck::app
