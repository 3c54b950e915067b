// SPDX-License-Identifier: Apache-2.0
// Reads the issuers of foreign tokens from the file that accept.foreign_file names (docs/moving.md).
#pragma once

#include "verify/foreign_verifier.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace coatcheck::app {

// Returns at most 16 issuers. Paths in the file are relative to its folder. Throws ConfigError with the file,
// the line and the mistake. `own` is our own iss, which no other issuer may have.
std::vector<verify::ForeignIssuer> read_foreign_issuers(const std::filesystem::path& path,
                                                        std::string_view own);

}  // namespace coatcheck::app
