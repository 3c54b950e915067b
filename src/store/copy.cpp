// SPDX-License-Identifier: Apache-2.0
#include "store/copy.hpp"

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "store/postgres_store.hpp"
#include "store/schema.hpp"
#include "store/sqlite_store.hpp"
#include "store/table_walk.hpp"

#include <optional>

namespace coatcheck::store {
namespace {

// Over one row and all before it.
void digest(std::string& sum, const Row& row) {
    std::string bytes = std::move(sum);
    for (const Value& value : row) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) bytes.append("n").append(std::to_string(*number)).append(";");
        else if (const auto* text = std::get_if<std::string>(&value)) bytes.append("t").append(std::to_string(text->size())).append(":").append(*text);
        else bytes += "0";
    }
    sum = crypto::sha256(bytes);
}

// The only number or text that a statement gives.
std::int64_t number_of(Database& database, const char* sql) {
    auto query = database.query(sql);
    return query.step() ? query.integer(0) : 0;
}
std::string text_of(Database& database, const char* sql) {
    auto query = database.query(sql);
    return query.step() ? query.text(0) : "";
}

class Copying {
public:
    explicit Copying(const Copy& copy)
        : copy_(copy), target_store_(copy.target, PostgresDatabase::Prepare::never, base::read_clock), target_(target_store_.database()) {}

    std::vector<CopiedTable> run() {
        open_source();
        open_target();
        std::vector<CopiedTable> done;
        for (const Table& table : all_tables()) done.push_back({table.name});
        // Users that go take their sessions along: so all that differs is removed before anything is added.
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
                owner_.emplace(copy_.source);  // ends every session where the file is a restored copy
            } catch (const Moved& before) {
                moved = before;
            }
        }
        source_.emplace(copy_.source);
        if (!read_schema(*source_).next.empty()) throw StoreError("the source has an older schema: stop the program that serves it, and run this again");
        feed_ = text_of(*source_, "SELECT feed FROM meta");
        target_store_.migrate();
        // Where it was interrupted between the two steps of hand_over(), it is finished: there, and nowhere else.
        if (moved && (moved->to != copy_.target.url || text_of(target_, "SELECT copy_of FROM meta") != feed_)) throw Moved(*moved);
    }

    void open_target() {
        const std::string of = text_of(target_, "SELECT copy_of FROM meta");
        if (of == feed_) return;
        if (!of.empty()) throw StoreError("the target holds the unfinished copy of another database: give an empty one");
        for (const Table& table : all_tables())
            if (number_of(target_, table.any.c_str()) != 0)
                throw StoreError(std::string("the target holds ") + table.name + " already, and a copy would mix them: give an empty database");
        target_.query("UPDATE meta SET copy_of = $1").bind(feed_).run();
    }

    std::int64_t rows_of(const Table& table) { return number_of(*source_, table.count.c_str()); }

    void remove_differing(const Table& table, CopiedTable& done) {
        if (number_of(target_, table.any.c_str()) == 0) return;
        const auto of = rows_of(table);
        Walk ours(*source_, table), theirs(target_, table);
        std::vector<Row> differing;
        std::int64_t rows = 0;
        for (; theirs.row() != nullptr; theirs.next()) {
            const Row& there = *theirs.row();
            while (ours.row() != nullptr && (*ours.row())[0] < there[0]) ours.next();
            if (ours.row() == nullptr || *ours.row() != there) differing.push_back(there);
            if (++rows % static_cast<std::int64_t>(Table::page) != 0) continue;
            done.removed += static_cast<std::int64_t>(differing.size());
            remove_rows(target_, table, std::exchange(differing, {}));
            tell(table, "compared", rows, of);
        }
        done.removed += static_cast<std::int64_t>(differing.size());
        remove_rows(target_, table, differing);
    }

    void add_missing(const Table& table, CopiedTable& done) {
        const auto of = rows_of(table);
        Walk ours(*source_, table), theirs(target_, table);
        std::vector<Row> missing;
        for (; ours.row() != nullptr; ours.next()) {
            const Row& here = *ours.row();
            while (theirs.row() != nullptr && (*theirs.row())[0] < here[0]) theirs.next();
            if (theirs.row() == nullptr || (*theirs.row())[0] != here[0]) missing.push_back(here);
            if (++done.rows % static_cast<std::int64_t>(Table::page) != 0) continue;
            add(table, done, missing);
            tell(table, "copied", done.rows, of);
        }
        add(table, done, missing);
    }

    void add(const Table& table, CopiedTable& done, std::vector<Row>& missing) {
        done.added += static_cast<std::int64_t>(missing.size());
        target_.begin();
        add_rows(target_, table, missing);
        target_.commit();
        missing.clear();
    }

    void compare(const Table& table, CopiedTable& done) {
        std::string sums[2];
        std::int64_t rows[2] = {0, 0};
        Database* databases[] = {&*source_, &target_};
        for (int side : {0, 1})
            for (Walk walk(*databases[side], table); walk.row() != nullptr; walk.next()) {
                digest(sums[side], *walk.row());
                if (++rows[side] % static_cast<std::int64_t>(Table::page) == 0) tell(table, side == 0 ? "read" : "read back", rows[side], done.rows);
            }
        if (sums[0] != sums[1])
            throw StoreError(std::string("the ") + table.name + " differ: " + std::to_string(rows[0]) + " rows here, " + std::to_string(rows[1]) + " there. Does somebody write to one of them? Run it again");
        done.rows = rows[0];
        done.checksum = base::base64url(sums[0].empty() ? crypto::sha256("") : sums[0]);
    }

    // First the target goes on where the source was; then the source serves no more; and only then the target may.
    void hand_over() {
        target_.begin();
        target_.query("UPDATE meta SET feed = $1, clock = GREATEST(clock, $2), keys_version = keys_version + 1").bind(feed_).bind(number_of(*source_, "SELECT clock FROM meta")).run();
        target_.query("UPDATE feed SET last_id = $1").bind(number_of(*source_, "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'revocations'")).run();
        target_.query("SELECT setval('status_places', $1, false)").bind(number_of(*source_, "SELECT next_status FROM meta")).run();
        target_.query("SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM audit), false)").run();
        target_.commit();
        if (owner_) owner_->hand_over(copy_.target.url);
        target_.query("UPDATE meta SET copy_of = ''").run();
    }

    void tell(const Table& table, std::string_view doing, std::int64_t rows, std::int64_t of) const {
        if (copy_.progress) copy_.progress(table.name, doing, rows, of);
    }

    const Copy& copy_;
    std::optional<SqliteStore> owner_;
    std::optional<SqliteDatabase> source_;
    PostgresStore target_store_;
    PostgresDatabase& target_;
    std::string feed_;
};

}  // namespace

std::vector<CopiedTable> run_copy(const Copy& copy) { return Copying(copy).run(); }

}  // namespace coatcheck::store
