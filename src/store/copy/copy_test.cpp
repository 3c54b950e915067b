// SPDX-License-Identifier: Apache-2.0
// Compares the hand-written list of copied columns with both schemas. The copy itself is tested from outside
// (tests/blackbox/test_store_copy.py).
#include "base/clock.hpp"
#include "store/copy/table_walk.hpp"
#include "store/places_for_tests.hpp"
#include "store/sql/schema.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace coatcheck::store {
namespace {

using Columns = std::map<std::string, std::set<std::string>>;

Columns copied() {
    Columns columns;
    for (const Table& table : all_tables())
        for (const Column& column : table.columns) columns[table.name].insert(column.name);
    return columns;
}

Columns found(Database& database, const char* sql) {
    Columns columns;
    auto row = database.query(sql);
    while (row.step()) columns[row.text(0)].insert(row.text(1));
    return columns;
}

TEST(Copy, LeavesNothingOfSqliteBehind) {
    SqliteDatabase database(":memory:");
    migrate(database, ":memory:");
    auto there = found(
        database,
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'");
    for (const char* kept_apart : {"meta", "sqlite_sequence"})
        there.erase(kept_apart);  // Copying::hand_over() copies these
    EXPECT_EQ(there["sessions"].erase("due"), 1U) << "when the sweeper of this engine looks at it";
    EXPECT_EQ(copied(), there);
}

TEST(Copy, FillsAllOfPostgres) {
    PostgresDatabase database({PostgresServer::shared().fresh_url(), {}});
    migrate(database);
    auto there = found(database,
                       "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM "
                       "information_schema.columns WHERE table_schema = current_schema()");
    for (const char* kept_apart : {"meta", "feed", "coatcheck_schema"}) there.erase(kept_apart);
    EXPECT_EQ(there["sessions"].erase("due"), 1U) << "when the sweeper of this engine looks at it";
    EXPECT_EQ(there["sessions"].erase("end_day"), 1U) << "generated";
    EXPECT_EQ(there["revocations"].erase("row"), 1U) << "their order, not their place";
    EXPECT_EQ(copied(), there);
}

TEST(Copy, PlacesInTheStatusListsGoOn) {
    const std::string url = PostgresServer::shared().fresh_url();
    PostgresStore store({url}, PostgresDatabase::Prepare::never, base::read_clock);
    store.migrate();
    EXPECT_EQ(store.given_statuses(), 0);
    store.database().query("SELECT setval('status_places', $1, false)").bind(70'000).run();
    EXPECT_EQ(store.given_statuses(), 70'000);
    EXPECT_EQ(store.next_status(), 70'000);
    EXPECT_EQ(store.given_statuses(), 70'001);
}

// Both databases order text by bytes: the two walks go side by side in this order.
TEST(Copy, BothSidesAreReadInOneOrder) {
    SqliteDatabase here(":memory:");
    migrate(here, ":memory:");
    PostgresDatabase there({PostgresServer::shared().fresh_url(), {}});
    migrate(there);
    const Table& users = all_tables()[3];
    ASSERT_STREQ(users.name, "users");
    std::vector<Row> rows;
    for (const char* id :
         {"a", "B", "_", "-", "a-b", "ab", "Z", "é", "z", "0", "\xf0\x9f\x8d\x8b", "\xef\xbf\xbd"}) {
        const std::string text = id;
        rows.push_back({text, text, text, Value(), Value(), std::int64_t{1}, std::int64_t{0}, std::string(),
                        std::string("{}"), std::string("x"), std::int64_t{1}});
    }
    add_rows(there, users, rows);
    for (const Row& row : rows)
        here.execute("INSERT INTO users VALUES ('" + std::get<std::string>(row[0]) + "','" +
                     std::get<std::string>(row[0]) + "','" + std::get<std::string>(row[0]) +
                     "',NULL,NULL,1,0,'','{}','x',1)");
    Walk ours(here, users), theirs(there, users);
    for (std::size_t i = 0; i < rows.size(); ++i, ours.next(), theirs.next()) {
        ASSERT_TRUE(ours.row() != nullptr && theirs.row() != nullptr);
        EXPECT_EQ(*ours.row(), *theirs.row());
    }
    EXPECT_TRUE(ours.row() == nullptr && theirs.row() == nullptr);
}

}  // namespace
}  // namespace coatcheck::store
