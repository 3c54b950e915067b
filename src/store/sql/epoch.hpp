// SPDX-License-Identifier: Apache-2.0
// Tells a database from a restored copy of it, so that restoring a backup does not revive what was ended
// after the backup was taken.
//
// An empty file, the epoch file, lies beside the database, and the database records its name, inode and time
// of birth. While steps write to the database, the epoch file is replaced every second, and once more when
// the database is closed. However a copy is put back, its epoch file is either missing or newly made: with
// another inode and another time of birth. Owners, modes and times of change are not compared, so `chown -R`
// before each start does no harm.
#pragma once

#include <string>

namespace coatcheck::store {

class Epoch {
public:
    explicit Epoch(std::string database_path) : path_(std::move(database_path)) {}

    // True if the epoch file that the database recorded as `noted` is still the same file.
    bool is_ours(const std::string& noted) const;
    // Makes the next epoch file durably and returns what the database must record. The file before it stays
    // until keep_only().
    std::string begin();
    // Deletes all epoch files but `noted`. Call it after `noted` is committed.
    void keep_only(const std::string& noted) const;

private:
    std::string path_;
};

}  // namespace coatcheck::store
