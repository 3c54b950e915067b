// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sweeper.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <chrono>

namespace coatcheck::store {

SweepReader::SweepReader(const std::string& path) : database_(path, SqliteDatabase::Open::to_read) {
    database_.execute("PRAGMA cache_size=-256");  // the kernel's page cache is what counts
}

std::size_t SweepReader::read_ahead(std::size_t rows) {
    Database& database = database_;
    auto read = database.query(R"(
SELECT COUNT(*), MAX(device), SUM((SELECT COUNT(*) FROM sessions a WHERE a.id = s.id)),
    SUM((SELECT COUNT(*) FROM sessions b INDEXED BY sessions_of_user
         WHERE b.user_id = s.user_id AND b.network = s.network AND b.rowid = s.place))
FROM (SELECT rowid AS place, * FROM sessions ORDER BY due LIMIT $1) AS s
)");
    read.bind(static_cast<std::int64_t>(rows)).step();
    return static_cast<std::size_t>(read.integer(0));
}

// The connection is opened inside a step, which has just checked that the database file is still in place.
void SqliteSweeper::read_ahead(std::size_t rows) {
    try {
        if (!reader_) queue_.run([this](auth::Store&) { reader_.emplace(path_); });
        reader_->read_ahead(rows);
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::warning, "read_ahead_failed", {{"reason", failure.what()}});
    }
}

bool SqliteSweeper::sweep() {
    using Clock = std::chrono::steady_clock;
    constexpr std::size_t fewest = 4, some = 16, most = 256;
    constexpr auto little = std::chrono::microseconds(500), much = std::chrono::microseconds(2000);
    const bool goes_on = rows_ > 0;
    const std::size_t rows = goes_on ? rows_ : fewest;
    if (goes_on) read_ahead(rows);
    std::size_t deleted = 0;
    Clock::duration took{};
    queue_.run([&](auth::Store& store) {
        const auto began = Clock::now();
        deleted = store.sweep(rows);
        took = Clock::now() - began;
    });
    const bool is_more = deleted >= rows;
    if (!is_more) rows_ = 0;
    else if (!goes_on) rows_ = some;
    else if (took > much) rows_ = std::max(rows / 2, fewest);
    else if (took < little) rows_ = std::min(rows * 2, most);
    return is_more;
}

}  // namespace coatcheck::store
