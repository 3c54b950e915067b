// SPDX-License-Identifier: Apache-2.0
// The data directory: database, sealing key, lock and control socket. One process at a time may use it.
#pragma once

#include "base/secret.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace coatcheck::app {

// Another process uses the directory. `pid` is the process id in its lock file; 0 if unknown.
struct DirectoryInUse : std::runtime_error {
    DirectoryInUse(const std::string& what, int owner) : std::runtime_error(what), pid(owner) {}
    int pid;
};

class DataDirectory {
public:
    // Makes the directory (mode 0700) if it is missing, and locks it until destruction. Throws
    // DirectoryInUse, or std::runtime_error.
    explicit DataDirectory(std::filesystem::path path);
    ~DataDirectory();
    DataDirectory(const DataDirectory&) = delete;

    // The path of a file in this directory.
    std::filesystem::path file(const std::string& name) const { return path_ / name; }
    // Returns the sealing key in this file: 32 bytes, which seal the keys in the database. Makes the file
    // (mode 0600) if it is missing. Throws std::runtime_error if other users may read it.
    base::Secret sealing_key(const std::string& name) const;

    static std::filesystem::path socket_in(const std::filesystem::path& directory) {
        return directory / "control.sock";
    }

private:
    std::filesystem::path path_;
    int lock_ = -1, directory_lock_ = -1;
};

}  // namespace coatcheck::app
