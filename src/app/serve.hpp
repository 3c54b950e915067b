// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/config/config.hpp"

#include <filesystem>

namespace coatcheck::app {

// Runs the server until SIGTERM or SIGINT, lets running requests end, and returns the exit status. Throws
// std::runtime_error if it cannot start.
int serve(const Config& config, const std::filesystem::path& directory);

}  // namespace coatcheck::app
