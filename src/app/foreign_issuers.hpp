// SPDX-License-Identifier: Apache-2.0
// Issuers of an older system, from the file of accept.foreign_file (docs/moving.md).
#pragma once

#include "verify/foreign_verifier.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace coatcheck::app {

// At most 16 of them. Paths in it are relative to it. Throws ConfigError: the file, the issuer, and what is
// wrong with it. `own`: our own iss, which no other may have.
std::vector<verify::ForeignIssuer> read_foreign_issuers(const std::filesystem::path& path,
                                                        std::string_view own);

}  // namespace coatcheck::app
