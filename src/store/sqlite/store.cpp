// SPDX-License-Identifier: Apache-2.0
// Opening, migrations, transactions and the store's clock. The other functions of the port are in
// store/sql/users.cpp, sessions.cpp, rotation.cpp and rest.cpp.
#include "store/sqlite/store.hpp"

#include "base/log.hpp"
#include "store/sql/schema.hpp"

#include <sys/stat.h>
#include <algorithm>
#include <thread>

namespace coatcheck::store {
namespace {

constexpr base::Duration epoch_length = std::chrono::seconds(1);
constexpr std::string_view moved_to = "moved to ";  // stored instead of an epoch

// The inode and size of the file at the path; {0, 0} if there is none.
std::pair<std::uint64_t, std::int64_t> file_at(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return {0, 0};
    return {facts.st_ino, facts.st_size};
}

}  // namespace

SqliteFile::SqliteFile(std::string path)
    : path_(std::move(path)), known_{Known{path_, 0, 0}, {path_ + "-wal", 0, 0}, {path_ + "-shm", 0, 0}} {
    check();
}

// A write to a file that was taken away or truncated would be lost with it.
void SqliteFile::check() {
    for (auto& known : known_) {
        const auto [inode, bytes] = file_at(known.path);
        if (known.inode != 0 && (inode != known.inode || bytes < known.bytes))
            throw StoreError(known.path +
                             " was moved away or truncated while it is open; restart the server");
        known.inode = inode;
        known.bytes = bytes;
    }
}

SqliteStore::SqliteStore(const std::string& path, std::function<base::Timestamp()> clock)
    : SqliteTables(path, SqliteDatabase::Open::or_make),
      clock_(std::move(clock)),
      checkpoints_(path),
      epoch_(path) {
    migrate(sqlite_, path);
    sqlite_.leave_checkpoints();
    {
        auto row = db_.query("SELECT clock, epoch FROM meta");
        row.step();
        high_water_ = base::from_unix_millis(row.integer(0));
        high_water_at_ = std::chrono::steady_clock::now();
        noted_epoch_ = row.text(1);
    }
    if (!clock_) {
        base::start_clock(high_water_);
        clock_ = base::read_clock;
    }
    refuse_moved();
    const bool is_new = noted_epoch_.empty();
    if (is_new || epoch_.is_ours(noted_epoch_)) {
        epoch_.keep_only(noted_epoch_);
        return;
    }
    end_what_a_copy_would_revive();
}

SqliteStore::~SqliteStore() {
    if (!written_) return;
    try {
        begin();
        begin_epoch();
        commit();
        tidy();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
    }
}

void SqliteStore::end_what_a_copy_would_revive() {
    base::log::write(base::log::Level::warning, "restored_copy",
                     {{"meaning", "this database is a restored copy: every session in it has been ended"}});
    begin();
    revive_nothing("restored_copy");
    commit();
    tidy();
    take_published();
    take_keys_changed();
    // A revocation names the second in which a token was issued: no token may be issued in the second just
    // revoked.
    std::this_thread::sleep_until(std::chrono::ceil<std::chrono::seconds>(clock_()));
}

void SqliteStore::refuse_moved() const {
    if (noted_epoch_.starts_with(moved_to))
        throw Moved(
            "the database at " + file_.path() + " was " + noted_epoch_ + ": set store.url to that address",
            noted_epoch_.substr(moved_to.size()));
}

void SqliteStore::hand_over(const std::string& to) {
    begin();
    noted_epoch_ = std::string(moved_to) + to;
    db_.query("UPDATE meta SET epoch = $1").bind(noted_epoch_).run();
    db_.query("COMMIT").run();
    epoch_.keep_only("");
    written_ = false;  // so the destructor begins no epoch
}

void SqliteTables::skip_statuses(std::int64_t count) {
    db_.query("UPDATE meta SET next_status = next_status + $1").bind(count).run();
}

SessionSweep SqliteTables::sweep_of_sessions() const {
    return {R"(
DELETE FROM sessions
WHERE rowid IN (SELECT rowid FROM sessions WHERE due < $1 ORDER BY due LIMIT $2)
  AND GREATEST(idle_end, older_end) < $1
)",
            R"(
UPDATE sessions SET due = GREATEST(idle_end, older_end)
WHERE rowid IN (SELECT rowid FROM sessions WHERE due < $1 ORDER BY due LIMIT $2)
  AND GREATEST(idle_end, older_end) >= $1
)"};
}

const char* SqliteTables::delete_revocations() const {
    return "DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE expires < $1 LIMIT $2)";
}

// The machine's clock, but never earlier than a time that this database has seen: if the machine's clock was
// set back, time continues from the high-water mark by the monotonic clock.
base::Timestamp SqliteStore::read_store_clock() {
    const auto steady = std::chrono::steady_clock::now();
    const auto at_least = high_water_ + std::chrono::floor<base::Duration>(steady - high_water_at_);
    high_water_ = std::max(clock_(), at_least);
    high_water_at_ = steady;
    return high_water_;
}

void SqliteStore::set_clock(base::Timestamp now) {
    SqlStore::set_clock(now);
    high_water_ = now;
    high_water_at_ = std::chrono::steady_clock::now();
}

void SqliteStore::begin() {
    file_.check();
    db_.query("BEGIN IMMEDIATE").run();
    now_ = read_store_clock();
    changes_at_begin_ = sqlite_.total_changes();
}

void SqliteStore::commit() {
    // Steps that only read cost no write and no sync.
    if (sqlite_.total_changes() == changes_at_begin_) {
        db_.query("COMMIT").run();
        return;
    }
    if (!written_ || now_ >= epoch_end_) begin_epoch();
    db_.query("UPDATE meta SET clock = $1, epoch = $2")
        .bind(base::unix_millis(now_))
        .bind(noted_epoch_)
        .run();
    db_.query("COMMIT").run();
    written_ = untidy_ = true;
}

void SqliteStore::tidy() {
    if (!std::exchange(untidy_, false)) return;
    if (std::exchange(epoch_is_new_, false)) epoch_.keep_only(noted_epoch_);
    checkpoints_.after_commit(sqlite_);
}

void SqliteStore::begin_epoch() {
    noted_epoch_ = epoch_.begin();
    epoch_end_ = now_ + epoch_length;
    epoch_is_new_ = true;
    db_.query("UPDATE meta SET epoch = $1").bind(noted_epoch_).run();
}

void SqliteStore::rollback() {
    published_.clear();
    keys_changed_ = false;
    db_.query("ROLLBACK").run();
}

void SqliteStore::savepoint() {
    published_at_savepoint_ = published_.size();
    keys_changed_at_savepoint_ = keys_changed_;
    db_.query("SAVEPOINT step").run();
}

void SqliteStore::release() { db_.query("RELEASE step").run(); }

void SqliteStore::undo() {
    published_.resize(published_at_savepoint_);
    keys_changed_ = keys_changed_at_savepoint_;
    db_.query("ROLLBACK TO step").run();
    db_.query("RELEASE step").run();
}

}  // namespace coatcheck::store
