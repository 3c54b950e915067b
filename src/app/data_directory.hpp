// SPDX-License-Identifier: Apache-2.0
// The data directory: database, sealing key, lock and control socket. One process at a time has it.
#pragma once

#include "base/secret.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace coatcheck::app {

// Another process has the directory; `pid` as it wrote it down, 0 if unknown.
struct DirectoryInUse : std::runtime_error {
    DirectoryInUse(const std::string& what, int owner) : std::runtime_error(what), pid(owner) {}
    int pid;
};

class DataDirectory {
public:
    // Makes the directory (mode 0700) where it is missing and locks it until destruction. Throws
    // DirectoryInUse.
    explicit DataDirectory(std::filesystem::path path);
    ~DataDirectory();
    DataDirectory(const DataDirectory&) = delete;

    // Where a file of this directory lies.
    std::filesystem::path file(const std::string& name) const { return path_ / name; }
    // 32 bytes that seal the keys in the database; made at the first call, mode 0600. Throws where others may
    // read it.
    base::Secret sealing_key(const std::string& name) const;

    static std::filesystem::path socket_in(const std::filesystem::path& directory) {
        return directory / "control.sock";
    }

private:
    std::filesystem::path path_;
    int lock_ = -1;
};

}  // namespace coatcheck::app
