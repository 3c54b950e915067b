// SPDX-License-Identifier: Apache-2.0
#include "store/sql/schema.hpp"

#include "store/embedded_postgres_migrations.hpp"
#include "store/embedded_sqlite_migrations.hpp"

#include <filesystem>

namespace coatcheck::store {
namespace {

// The text for a literal of SQL.
std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
    return out;
}

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

namespace {

// True if one of the schemas that the search path names has our tables. If there are several such schemas,
// the statements below find those of the first.
bool has_tables(PostgresDatabase& database) {
    return number_of(database,
                     "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'coatcheck_schema' "
                     "AND schemaname = ANY (current_schemas(false))) THEN CAST(1 AS BIGINT) ELSE 0 END") == 1;
}

// Puts the schema in which our tables were found first. Otherwise new tables could go to another schema,
// which was made later and comes earlier in the search path.
void stay_where_the_tables_are(PostgresDatabase& database) {
    auto row = static_cast<Database&>(database).query(
        "SELECT set_config('search_path', quote_ident(schemaname) || ', ' || current_setting('search_path'), "
        "true) FROM pg_tables WHERE tablename = 'coatcheck_schema' AND schemaname = ANY "
        "(current_schemas(false)) "
        "ORDER BY array_position(current_schemas(false), schemaname) LIMIT 1");
    row.step();
}

// SQLite's migrations cannot be taken back, and an older program does not start on a newer schema.
void keep_copy(SqliteDatabase& database, const std::string& path, std::int64_t version) {
    const std::string copy = path + ".schema-" + std::to_string(version);
    try {
        std::filesystem::remove(copy);  // of an attempt that failed
        database.execute("VACUUM INTO '" + quoted(copy) + "'");
        std::filesystem::permissions(
            copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    } catch (const std::exception& failure) {
        std::error_code ignored;
        std::filesystem::remove(copy, ignored);
        throw StoreError("cannot keep the copy " + copy +
                         " before the database is brought up to date: " + failure.what());
    }
}

}  // namespace

Schema read_schema(PostgresDatabase& database) {
    return schema_at(has_tables(database)
                         ? number_of(database, "SELECT COALESCE(MAX(version), 0) FROM coatcheck_schema")
                         : 0,
                     embedded::postgres_migrations);
}

std::vector<std::string> migrate(SqliteDatabase& database, const std::string& path) {
    auto schema = read_schema(database);
    if (schema.version > 0 && !schema.next.empty()) keep_copy(database, path, schema.version);
    for (std::size_t i = 0; i < schema.next.size(); ++i) {
        const auto step = static_cast<std::size_t>(schema.version) + i;
        database.execute("BEGIN IMMEDIATE;" + std::string(embedded::sqlite_migrations[step].content) +
                         ";PRAGMA user_version=" + std::to_string(step + 1) + ";COMMIT");
    }
    return schema.next;
}

std::vector<std::string> migrate(PostgresDatabase& database) {
    constexpr std::chrono::minutes patience{10};  // another node may be rewriting a table
    const auto before = read_schema(database);
    if (before.next.empty()) return {};
    // Nothing else in this database uses this lock number. Another node that migrates waits here, and then
    // finds nothing to do.
    database.execute(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT "
        "pg_advisory_xact_lock(4847341927)",
        patience);
    stay_where_the_tables_are(database);
    database.execute("CREATE TABLE IF NOT EXISTS coatcheck_schema (version BIGINT PRIMARY KEY)", patience);
    const auto schema = read_schema(database);
    if (schema.version < before.version)
        throw StoreError("the database had schema " + std::to_string(before.version) + " and now has " +
                         std::to_string(schema.version) + ": its search_path has changed");
    for (std::size_t i = 0; i < schema.next.size(); ++i) {
        const auto step = static_cast<std::size_t>(schema.version) + i;
        database.execute(std::string(embedded::postgres_migrations[step].content), patience);
        database.execute("INSERT INTO coatcheck_schema VALUES (" + std::to_string(step + 1) + ")", patience);
    }
    database.execute("COMMIT", patience);
    return schema.next;
}

}  // namespace coatcheck::store
