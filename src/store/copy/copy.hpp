// SPDX-License-Identifier: Apache-2.0
// Copies SQLite to PostgreSQL: adds rows that the target lacks, and removes and adds again rows that differ.
// The last run then reads both sides once more and compares them. A copy can be interrupted and run again:
// first while a node serves the source, then without one.
//
// At every moment at most one of the two can be served: the source until the copy has ended, the target from
// then on.
#pragma once

#include "store/postgres/database.hpp"

#include <functional>
#include <string>
#include <vector>

namespace coatcheck::store {

struct CopiedTable {
    std::string name;
    std::int64_t rows = 0, removed = 0, added = 0;
    // SHA-256 over all rows in the order of their keys, in base64url; the same on both sides. Empty unless
    // Copy::finish.
    std::string checksum;
};

struct Copy {
    std::string source;      // the database file
    PostgresAddress target;  // must be empty, or hold what an earlier run has copied
    // True: no node serves the source, and from now on none can. False: a node may serve it, and what changes
    // meanwhile is left to the next run; nothing is compared.
    bool finish = false;
    // If set, called after each page of rows: `rows` of about `total` rows of the table are done.
    std::function<void(const std::string& table, std::string_view doing, std::int64_t rows,
                       std::int64_t total)>
        progress;
};

// Throws StoreError; the next run continues from there.
std::vector<CopiedTable> run_copy(const Copy& copy);

}  // namespace coatcheck::store
