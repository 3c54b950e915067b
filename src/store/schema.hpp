// SPDX-License-Identifier: Apache-2.0
// The schema of a database and the steps that bring it up to date: store/migrations, one file a step,
// numbered by their order. A step is never changed once it was released, and leaves what older programs on
// the same database need.
#pragma once

#include "store/postgres_database.hpp"
#include "store/sqlite_database.hpp"

#include <string>
#include <vector>

namespace coatcheck::store {

struct Schema {
    std::int64_t version = 0;       // 0: nothing is there
    std::vector<std::string> next;  // the steps to come, by their files' names
};
// Throws StoreError where it is newer than this program.
Schema read_schema(SqliteDatabase& database);
Schema read_schema(PostgresDatabase& database);

// Takes the steps to come, and gives what they were. On PostgreSQL one program does, and others wait for it.
std::vector<std::string> migrate(SqliteDatabase& database);
std::vector<std::string> migrate(PostgresDatabase& database);

}  // namespace coatcheck::store
