// SPDX-License-Identifier: Apache-2.0
// Files with keys in them, which nobody else of the machine may read.
#pragma once

#include "base/secret.hpp"

#include <filesystem>
#include <string>

namespace coatcheck::app {

// The text of a file. Throws ConfigError, which begins with `setting`, if it cannot be read, may be read by others, or
// is larger than 64 KiB; `hint` says how such a file is made.
base::Secret read_private_file(const std::filesystem::path& path, const std::string& setting, const std::string& hint);

// The command that makes a file with one key of 32 bytes, as the hint of read_private_file().
std::string how_to_make_a_key(const std::filesystem::path& path);

// The same of a file without secrets, that anybody may read.
std::string read_public_file(const std::filesystem::path& path, const std::string& setting);

}  // namespace coatcheck::app
