// SPDX-License-Identifier: Apache-2.0
// Files with secrets, which no other user of the machine may read.
#pragma once

#include "base/secret.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace coatcheck::app {

// Makes text from another system ours: without a byte order mark at the beginning, and with LF where it has
// CRLF.
void make_plain(std::string& text);

// Returns the text of a file, made plain. Throws ConfigError, whose text begins with `setting`, if the file
// cannot be read, may be read by other users, or is larger than 64 KiB. `hint` says how to make such a file;
// it may be empty.
base::Secret read_private_file(const std::filesystem::path& path, const std::string& setting,
                               const std::string& hint);

// Reads keys of 32 bytes from such a file, one on each line in the form "base64:…". Skips empty lines, and
// lines that begin with #. Returns at least one key. Throws ConfigError, also if a line is no key; if the
// file cannot be read, the text has the command that makes one.
std::vector<base::Secret> read_keys(const std::filesystem::path& path, const std::string& setting);

// As read_private_file(), for a file without secrets, which other users may read too.
std::string read_public_file(const std::filesystem::path& path, const std::string& setting);

}  // namespace coatcheck::app
