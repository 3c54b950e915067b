// SPDX-License-Identifier: Apache-2.0
// Deletes what is over from SQLite, a little at a time, because every step that writes waits for a sweep. To
// delete a session takes some 40 microseconds, and several times as long if its pages must be read from the
// disk. So the first sweep deletes a few rows; each further one reads its rows ahead, on a connection of its
// own, and deletes as many as take 0.5 to 2 milliseconds.
#pragma once

#include "auth/store.hpp"
#include "store/sqlite/database.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace coatcheck::store {

// Reads the rows that a sweep looks at next, so that they are then in the kernel's page cache. The connection
// stays open: a file that was put in the place of the opened one is not touched.
class SweepReader {
public:
    explicit SweepReader(const std::string& path);
    // Reads the first `rows` sessions by due time, and their entries in all indexes. Returns how many it
    // found.
    std::size_t read_ahead(std::size_t rows);

private:
    SqliteDatabase database_;
};

// Called by one thread at a time.
class SqliteSweeper {
public:
    // `queue` runs steps that write on the database in the file `path`.
    SqliteSweeper(std::string path, auth::StoreQueue& queue) : path_(std::move(path)), queue_(queue) {}
    // Deletes some rows. True: there are more.
    bool sweep();
    // Reads ahead for a sweep of so many rows. It only helps: a failure is logged.
    void read_ahead(std::size_t rows);

private:
    const std::string path_;
    auth::StoreQueue& queue_;
    std::optional<SweepReader> reader_;  // opened when it is first needed, because it costs 400 KB
    std::size_t rows_ = 0;               // of the next sweep; 0: the last one left nothing to delete
};

}  // namespace coatcheck::store
