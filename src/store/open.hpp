// SPDX-License-Identifier: Apache-2.0
// The store that a url names.
#pragma once

#include "auth/store.hpp"

#include <filesystem>
#include <memory>

namespace coatcheck::store {

struct Place {
    std::string url;                  // sqlite:FILE or postgres://…
    std::filesystem::path directory;  // that FILE lies in
    std::string password;             // of PostgreSQL; empty: as the url or libpq's variables say
    std::string listen_url;           // of PostgreSQL, past a pooler; empty: the same
    std::size_t connections = 8;      // to PostgreSQL
};
bool is_postgres(std::string_view url);
std::string file_of(const Place& place);  // of SQLite

// Opens, migrates, and throws where that cannot be.
std::unique_ptr<auth::StoreQueue> open(const Place& place, auth::StoreListener listener);

}  // namespace coatcheck::store
