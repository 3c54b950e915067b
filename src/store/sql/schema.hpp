// SPDX-License-Identifier: Apache-2.0
// The schema of a database and the migrations that bring it up to date: one file each in store/migrations,
// numbered by their order. A migration never changes after its release, and it keeps what older programs on
// the same database need.
#pragma once

#include "store/postgres/database.hpp"
#include "store/sqlite/database.hpp"

#include <string>
#include <vector>

namespace coatcheck::store {

struct Schema {
    std::int64_t version = 0;       // 0: the database is empty
    std::vector<std::string> next;  // the migrations still to apply, by file name
};
// Throws StoreError if the schema is newer than this program.
Schema read_schema(SqliteDatabase& database);
Schema read_schema(PostgresDatabase& database);

// Applies the missing migrations and returns their names. On PostgreSQL one node does it while the others
// wait.
std::vector<std::string> migrate(SqliteDatabase& database);
std::vector<std::string> migrate(PostgresDatabase& database);

}  // namespace coatcheck::store
