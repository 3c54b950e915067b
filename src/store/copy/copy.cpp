// SPDX-License-Identifier: Apache-2.0
#include "store/copy/copy.hpp"

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "crypto/digest.hpp"
#include "store/copy/table_walk.hpp"
#include "store/postgres/store.hpp"
#include "store/sql/schema.hpp"
#include "store/sqlite/store.hpp"

#include <optional>
#include <span>

namespace coatcheck::store {
namespace {

struct AnotherRunStarted : StoreError {
    using StoreError::StoreError;
};

// Extends `sum`, the checksum of all rows before this one, by this row.
void extend_checksum(std::string& sum, const Row& row) {
    std::string bytes = std::move(sum);
    for (const Value& value : row) {
        if (const auto* number = std::get_if<std::int64_t>(&value))
            bytes.append("n").append(std::to_string(*number)).append(";");
        else if (const auto* text = std::get_if<std::string>(&value))
            bytes.append("t").append(std::to_string(text->size())).append(":").append(*text);
        else bytes += "0";
    }
    sum = crypto::sha256(bytes);
}

std::string text_of(Database& database, const char* sql) {
    auto query = database.query(sql);
    return query.step() ? query.text(0) : "";
}

class Copying {
public:
    explicit Copying(const Copy& copy)
        : copy_(copy),
          target_store_(copy.target, PostgresDatabase::Prepare::never, base::read_clock),
          target_(target_store_.database()) {
        target_.be_patient(std::chrono::minutes(10));
    }

    std::vector<CopiedTable> run() {
        open_source();
        open_target();
        std::vector<CopiedTable> done;
        for (const Table& table : all_tables()) done.push_back({table.name});
        // Deleting a user deletes its sessions too. So everything that differs is removed before anything is
        // added.
        for (std::size_t i = done.size(); i-- > 0;) remove_differing(all_tables()[i], done[i]);
        for (std::size_t i = 0; i < done.size(); ++i) add_missing(all_tables()[i], done[i]);
        if (!copy_.finish) return done;
        for (std::size_t i = 0; i < done.size(); ++i) compare(all_tables()[i], done[i]);
        hand_over();
        return done;
    }

private:
    void open_source() {
        std::optional<Moved> moved;
        if (copy_.finish) {
            try {
                owner_.emplace(copy_.source);  // ends every session if the file is a restored copy
            } catch (const Moved& before) {
                moved = before;
            }
        }
        source_.emplace(copy_.source);
        if (!read_schema(*source_).next.empty())
            throw StoreError("the source has an older schema: stop the server on it and run the copy again");
        feed_ = text_of(*source_, "SELECT feed FROM meta");
        target_store_.migrate();
        // If an earlier run was interrupted between two steps of hand_over(), this run finishes it, but only
        // for the same target.
        if (moved && (moved->to != copy_.target.url ||
                      !is_copy_of_source(text_of(target_, "SELECT copy_of FROM meta"))))
            throw Moved(*moved);
    }

    bool is_copy_of_source(const std::string& copy_of) const { return copy_of.starts_with(feed_ + " "); }

    // Marks the target: from now on no node starts on it, and an earlier run that still goes on stops.
    void open_target() {
        target_.begin();
        const std::string copy_of = text_of(target_, "SELECT copy_of FROM meta FOR UPDATE");
        if (!copy_of.empty() && !is_copy_of_source(copy_of))
            throw StoreError(
                "the target holds the unfinished copy of another database: use an empty database");
        if (copy_of.empty())
            for (const Table& table : all_tables())
                if (number_of(target_, table.any.c_str()) != 0)
                    throw StoreError(std::string("the target holds ") + table.name +
                                     " already: use an empty database, because a copy would mix the two");
        run_ = feed_ + " " + base::random_id();
        target_.query("UPDATE meta SET copy_of = $1").bind(run_).run();
        target_.commit();
    }

    // Makes one change in the target, in a transaction that first checks that this run is still the latest
    // one and has not been finished, so that no node can have opened the target.
    template <class Change>
    void change(Change does) {
        target_.begin();
        try {
            {
                auto row = target_.query("SELECT 1 FROM meta WHERE copy_of = $1 FOR SHARE");
                row.bind(run_);
                if (!row.step())
                    throw AnotherRunStarted(
                        "another run of this copy has started or finished it, so this run stops");
            }
            does();
            target_.commit();
        } catch (const StoreError&) {
            target_.rollback();
            throw;
        }
    }

    std::int64_t rows_of(const Table& table) { return number_of(*source_, table.count.c_str()); }

    void remove_differing(const Table& table, CopiedTable& done) {
        if (number_of(target_, table.any.c_str()) == 0) return;
        const auto total = rows_of(table);
        Walk ours(*source_, table), theirs(target_, table);
        std::vector<Row> differing;
        std::int64_t rows = 0;
        for (; theirs.row() != nullptr; theirs.next()) {
            const Row& there = *theirs.row();
            while (ours.row() != nullptr && (*ours.row())[0] < there[0]) ours.next();
            if (ours.row() == nullptr || *ours.row() != there) differing.push_back(there);
            if (++rows % static_cast<std::int64_t>(Table::page) != 0) continue;
            remove(table, done, differing);
            tell(table, "compared", rows, total);
        }
        remove(table, done, differing);
    }

    void remove(const Table& table, CopiedTable& done, std::vector<Row>& differing) {
        if (differing.empty()) return;
        change([&] { remove_rows(target_, table, differing); });
        done.removed += static_cast<std::int64_t>(differing.size());
        differing.clear();
    }

    void add_missing(const Table& table, CopiedTable& done) {
        const auto total = rows_of(table);
        Walk ours(*source_, table), theirs(target_, table);
        std::vector<Row> missing;
        for (; ours.row() != nullptr; ours.next()) {
            const Row& here = *ours.row();
            while (theirs.row() != nullptr && (*theirs.row())[0] < here[0]) theirs.next();
            if (theirs.row() == nullptr || (*theirs.row())[0] != here[0]) missing.push_back(here);
            if (++done.rows % static_cast<std::int64_t>(Table::page) != 0) continue;
            add(table, done, missing);
            tell(table, "copied", done.rows, total);
        }
        add(table, done, missing);
    }

    void add(const Table& table, CopiedTable& done, std::vector<Row>& missing) {
        if (missing.empty()) return;
        try {
            change([&] { add_rows(target_, table, missing); });
            done.added += static_cast<std::int64_t>(missing.size());
        } catch (const AnotherRunStarted&) {
            throw;
        } catch (const StoreError&) {
            // This can happen while a node serves the source: the row is a session of a user who signed up
            // after the users were read, or a name has moved from one user to another. The next run copies
            // it.
            if (copy_.finish || target_.is_broken()) throw;
            for (const Row& row : missing) done.added += try_to_add(table, row) ? 1 : 0;
        }
        missing.clear();
    }

    bool try_to_add(const Table& table, const Row& row) {
        try {
            change([&] { add_rows(target_, table, std::span(&row, 1)); });
            return true;
        } catch (const AnotherRunStarted&) {
            throw;
        } catch (const StoreError&) {
            if (target_.is_broken()) throw;
            return false;
        }
    }

    void compare(const Table& table, CopiedTable& done) {
        std::string sums[2];
        std::int64_t rows[2] = {0, 0};
        Database* databases[] = {&*source_, &target_};
        for (int side : {0, 1})
            for (Walk walk(*databases[side], table); walk.row() != nullptr; walk.next()) {
                extend_checksum(sums[side], *walk.row());
                if (++rows[side] % static_cast<std::int64_t>(Table::page) == 0)
                    tell(table, side == 0 ? "read" : "read back", rows[side], done.rows);
            }
        if (sums[0] != sums[1])
            throw StoreError(std::string("the ") + table.name + " differ: " + std::to_string(rows[0]) +
                             " rows in the source, " + std::to_string(rows[1]) +
                             " in the target. Stop whatever writes to one of them and run the copy again");
        done.rows = rows[0];
        done.checksum = base::base64url(sums[0].empty() ? crypto::sha256("") : sums[0]);
    }

    // First the target takes over the source's counters. Then the source can no longer be served, and only
    // then can the target be.
    void hand_over() {
        change([&] { set_counters(); });
        if (owner_) owner_->hand_over(copy_.target.url);
        if (target_.query("UPDATE meta SET copy_of = '' WHERE copy_of = $1").bind(run_).run() != 1)
            throw AnotherRunStarted("another run of this copy has started: only that run can finish it");
    }

    void set_counters() {
        target_
            .query("UPDATE meta SET feed = $1, clock = GREATEST(clock, $2), keys_version = keys_version + 1")
            .bind(feed_)
            .bind(number_of(*source_, "SELECT clock FROM meta"))
            .run();
        target_.query("UPDATE feed SET last_id = $1")
            .bind(number_of(*source_,
                            "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'revocations'"))
            .run();
        target_.query("SELECT setval('status_places', $1, false)")
            .bind(number_of(*source_, "SELECT next_status FROM meta"))
            .run();
        target_
            .query(
                "SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM "
                "audit), false)")
            .run();
    }

    void tell(const Table& table, std::string_view doing, std::int64_t rows, std::int64_t total) const {
        if (copy_.progress) copy_.progress(table.name, doing, rows, total);
    }

    const Copy& copy_;
    std::optional<SqliteStore> owner_;
    std::optional<SqliteDatabase> source_;
    PostgresStore target_store_;
    PostgresDatabase& target_;
    std::string feed_;
    std::string run_;  // this run in the target's meta.copy_of: the feed's epoch and a random id
};

}  // namespace

std::vector<CopiedTable> run_copy(const Copy& copy) { return Copying(copy).run(); }

}  // namespace coatcheck::store
