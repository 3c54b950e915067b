// SPDX-License-Identifier: Apache-2.0
// From SQLite to PostgreSQL: what is missing there is added, what differs is taken away and added anew, and
// at the end both are read once more and compared. So it can be interrupted, and run again: first while the
// source is being served, then without.
//
// At every moment at most one of the two can be served: the target from the end of the copy on, the source
// until then.
#pragma once

#include "store/postgres_database.hpp"

#include <functional>
#include <string>
#include <vector>

namespace coatcheck::store {

struct CopiedTable {
    std::string name;
    std::int64_t rows = 0, removed = 0, added = 0;
    std::string
        checksum;  // SHA-256 over all rows in the order of their keys, in hexadecimal; the same on both sides
};

struct Copy {
    std::string source;      // the file
    PostgresAddress target;  // has to be empty, or hold what an earlier run brought
    // True: nobody serves the source, and from now on nobody may. False: it is being served, and what changes
    // meanwhile is left to the next run; nothing is compared.
    bool finish = false;
    std::function<void(const std::string& table, std::string_view doing, std::int64_t rows, std::int64_t of)>
        progress;
};

// Throws StoreError; the next run goes on from there.
std::vector<CopiedTable> run_copy(const Copy& copy);

}  // namespace coatcheck::store
