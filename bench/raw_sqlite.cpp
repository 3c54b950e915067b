// SPDX-License-Identifier: Apache-2.0
// Part of the reference for a refresh: durable rows per second of SQLite alone. Each row is one UPDATE by
// primary key, with 64 rows in a commit, in a file of its own (WAL, synchronous=FULL).
//
//   raw_sqlite FILE SECONDS     prints the rows per second
//   raw_sqlite version
#include <sqlite3.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int group = 64;
constexpr int sessions = 64;

sqlite3* database = nullptr;

void need(bool good) {
    if (good) return;
    std::fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(database));
    std::exit(1);
}

void execute(const char* sql) { need(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK); }

sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    need(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) == SQLITE_OK);
    return statement;
}

std::string value_of(const char* sql) {
    sqlite3_stmt* statement = prepare(sql);
    need(sqlite3_step(statement) == SQLITE_ROW);
    std::string value = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return value;
}

// An id as long as a session's.
std::string id_of(int session) { return "session-" + std::to_string(10000000000000 + session); }

void run(sqlite3_stmt* statement) {
    need(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
}

}  // namespace

int main(int count, char** words) {
    if (count == 2 && std::string(words[1]) == "version")
        return std::printf("%s\n", sqlite3_libversion()) < 0;
    if (count != 3) return 2;
    need(sqlite3_open(words[1], &database) == SQLITE_OK);
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE sessions(id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL, counter INTEGER NOT NULL,"
        " rotated INTEGER NOT NULL, idle_end INTEGER NOT NULL) STRICT;");
    need(value_of("PRAGMA journal_mode") == "wal" && value_of("PRAGMA synchronous") == "2");
    sqlite3_stmt* insert = prepare("INSERT INTO sessions VALUES(?, randomblob(32), 0, 0, 0)");
    for (int i = 0; i < sessions; ++i) {
        sqlite3_bind_text(insert, 1, id_of(i).c_str(), -1, SQLITE_TRANSIENT);
        run(insert);
    }
    sqlite3_finalize(insert);

    sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
    sqlite3_stmt* commit = prepare("COMMIT");
    sqlite3_stmt* update = prepare(
        "UPDATE sessions SET counter = counter + 1, rotated = ?1, idle_end = ?1 + 604800000"
        " WHERE id = ?2 AND counter = ?3");
    using Clock = std::chrono::steady_clock;
    const double seconds = std::atof(words[2]);
    const auto start = Clock::now();
    double elapsed = 0;
    long groups = 0;
    do {
        run(begin);
        for (int i = 0; i < group; ++i) {
            sqlite3_bind_int64(update, 1, 1700000000000 + groups);
            sqlite3_bind_text(update, 2, id_of(i % sessions).c_str(), -1, SQLITE_TRANSIENT);
            sqlite3_bind_int64(update, 3, groups);
            run(update);
            need(sqlite3_changes(database) == 1);
        }
        run(commit);
        ++groups;
        elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < seconds);
    for (sqlite3_stmt* statement : {begin, commit, update}) sqlite3_finalize(statement);
    need(value_of("SELECT sum(counter) FROM sessions") == std::to_string(groups * group));
    sqlite3_close(database);
    std::printf("{\"rate\": %.3f, \"commits\": %.3f}\n", static_cast<double>(groups * group) / elapsed,
                static_cast<double>(groups) / elapsed);
}
