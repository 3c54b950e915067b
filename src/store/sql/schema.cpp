// SPDX-License-Identifier: Apache-2.0
#include "store/sql/schema.hpp"

#include "store/embedded_postgres_migrations.hpp"
#include "store/embedded_sqlite_migrations.hpp"

namespace coatcheck::store {
namespace {

template <class Steps>
Schema schema_at(std::int64_t version, const Steps& steps) {
    const auto known = static_cast<std::int64_t>(std::size(steps));
    if (version > known)
        throw StoreError("the database has schema " + std::to_string(version) +
                         ", but this program supports only up to " + std::to_string(known) +
                         ": use a newer coatcheck");
    Schema schema{version, {}};
    for (auto i = version; i < known; ++i) schema.next.emplace_back(steps[i].name);
    return schema;
}

}  // namespace

Schema read_schema(SqliteDatabase& database) {
    return schema_at(number_of(database, "PRAGMA user_version"), embedded::sqlite_migrations);
}

Schema read_schema(PostgresDatabase& database) {
    const bool made = number_of(database,
                                "SELECT CAST(1 AS BIGINT) FROM pg_tables WHERE tablename = "
                                "'coatcheck_schema' AND schemaname = ANY (current_schemas(false))") == 1;
    return schema_at(made ? number_of(database, "SELECT COALESCE(MAX(version), 0) FROM coatcheck_schema") : 0,
                     embedded::postgres_migrations);
}

std::vector<std::string> migrate(SqliteDatabase& database) {
    auto schema = read_schema(database);
    for (std::size_t i = 0; i < schema.next.size(); ++i) {
        const auto step = static_cast<std::size_t>(schema.version) + i;
        database.execute("BEGIN IMMEDIATE;" + std::string(embedded::sqlite_migrations[step].content) +
                         ";PRAGMA user_version=" + std::to_string(step + 1) + ";COMMIT");
    }
    return schema.next;
}

std::vector<std::string> migrate(PostgresDatabase& database) {
    constexpr std::chrono::minutes patience{10};  // another node may be rewriting a table
    auto schema = read_schema(database);
    if (schema.next.empty()) return {};
    // Nothing else in this database uses this lock number. Another node that migrates waits here, and then
    // finds nothing to do.
    database.execute(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT "
        "pg_advisory_xact_lock(4847341927);"
        "CREATE TABLE IF NOT EXISTS coatcheck_schema (version BIGINT PRIMARY KEY)",
        patience);
    schema = read_schema(database);
    for (std::size_t i = 0; i < schema.next.size(); ++i) {
        const auto step = static_cast<std::size_t>(schema.version) + i;
        database.execute(std::string(embedded::postgres_migrations[step].content), patience);
        database.execute("INSERT INTO coatcheck_schema VALUES (" + std::to_string(step + 1) + ")", patience);
    }
    database.execute("COMMIT", patience);
    return schema.next;
}

}  // namespace coatcheck::store
