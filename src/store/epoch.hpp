// SPDX-License-Identifier: Apache-2.0
// Tells a database from a restored copy of it, so that no backup revives what was ended after it was taken.
//
// Beside the database lies an empty file whose name, inode and time of birth the database knows. While the
// database is written to, that file is replaced by another every second, and once more when it is closed.
// Whatever way a copy is put back, its epoch file is either missing or has been made anew: another inode,
// another time of birth. Nothing of this looks at owners, modes or times of change, so that `chown -R` before
// each start does no harm.
#pragma once

#include <string>

namespace coatcheck::store {

class Epoch {
public:
    explicit Epoch(std::string database_path) : path_(std::move(database_path)) {}

    // True if `noted`, as read from the database, is a file that is still the same.
    bool is_ours(const std::string& noted) const;
    // Makes the next file, durably, and gives what the database is to note. The one before stays until
    // keep_only().
    std::string begin();
    // Deletes all epoch files but `noted`, once it is committed.
    void keep_only(const std::string& noted) const;

private:
    std::string path_;
};

}  // namespace coatcheck::store
