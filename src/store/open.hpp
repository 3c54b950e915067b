// SPDX-License-Identifier: Apache-2.0
// Opens the store that `store.url` names.
#pragma once

#include "auth/store.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace coatcheck::store {

struct Place {
    // sqlite:FILE or postgres://…
    std::string url = "sqlite:coatcheck.db";
    // The directory that contains FILE.
    std::filesystem::path directory;
    // Returns PostgreSQL's password, for each new connection; null: as the url or libpq's environment
    // variables say.
    std::function<std::string()> password = nullptr;
    // PostgreSQL's url for LISTEN, without a pooler; empty: the same as `url`.
    std::string listen_url;
    std::int64_t connections = 8;  // to PostgreSQL
};
bool is_postgres(std::string_view url);
std::string file_of(const Place& place);  // SQLite's database file

// The latest time that the database has noted; nullopt: there is no database yet, or no schema in it. Changes
// nothing. Throws StoreError.
std::optional<base::Timestamp> noted_clock(const Place& place);

// Throws StoreError if the store could not be served: for PostgreSQL, PostgresStore::check_tables(). Changes
// nothing.
void check_tables(const Place& place);

// Throws StoreError if the store has an older schema than this program's: open() would change it.
void refuse_to_migrate(const Place& place);

// The database cannot be reached, or does not take writes yet: it may start later. what() says why.
struct NotThereYet : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Opens the store and migrates it. Throws NotThereYet, or StoreError if waiting would not help.
std::unique_ptr<auth::StoreQueue> open(const Place& place, auth::StoreListener& listener);

}  // namespace coatcheck::store
