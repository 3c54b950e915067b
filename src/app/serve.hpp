// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/config/config.hpp"

#include <filesystem>

namespace coatcheck::app {

// Runs the server until SIGTERM or SIGINT, then ends gracefully. The exit status. Throws what keeps it from
// starting.
int serve(const Config& config, const std::filesystem::path& directory);

}  // namespace coatcheck::app
