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

// Applies the missing migrations and returns their names. Before it changes an SQLite database that is in
// use, it keeps a copy beside the file, FILE.schema-N, where N is the schema of the copy. On PostgreSQL one
// node migrates while the others wait. Throws StoreError.
std::vector<std::string> migrate(SqliteDatabase& database, const std::string& path);
std::vector<std::string> migrate(PostgresDatabase& database);

}  // namespace coatcheck::store
