// SPDX-License-Identifier: Apache-2.0
// Files with keys in them, which nobody else of the machine may read.
#pragma once

#include "base/secret.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace coatcheck::app {

// The text of a file. Throws ConfigError, which begins with `setting`, if it cannot be read, may be read by
// others, or is larger than 64 KiB; `hint` says how such a file is made.
base::Secret read_private_file(const std::filesystem::path& path, const std::string& setting,
                               const std::string& hint);

// Keys of 32 bytes from such a file, one a line as "base64:…"; empty lines and those that begin with # aside.
// Throws likewise, with the command that makes such a file; there is one key at least.
std::vector<base::Secret> read_keys(const std::filesystem::path& path, const std::string& setting);

// The same of a file without secrets, that anybody may read.
std::string read_public_file(const std::filesystem::path& path, const std::string& setting);

}  // namespace coatcheck::app
