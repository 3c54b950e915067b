// SPDX-License-Identifier: Apache-2.0
// Looks for mistakes in this machine's configuration, and names each in one sentence that says what to do.
#pragma once

#include "app/config/config.hpp"

#include "base/clock.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace coatcheck::app {

// Returns the mistakes; empty: none found. Reads files and connects to addresses, but changes nothing.
std::vector<std::string> examine(const Config& config, const std::filesystem::path& directory);

// A sentence if tokens name an issuer on this machine where the server does not listen; else empty.
std::string issuer_is_elsewhere(const Config& config);

// The one finding that `serve` also prints when it starts: all clients would share one limit on failed
// sign-ins. Empty: no mistake.
std::string proxy_hides_clients(const Config& config);

// Says that no tokens are issued because the clocks are apart (base/clock.hpp), and what to do. Empty: they
// are not apart.
std::string clock_is_wrong(const base::Clocks& clocks);

}  // namespace coatcheck::app
