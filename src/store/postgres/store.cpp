// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/store.hpp"

#include "store/sql/rotation.hpp"
#include "store/sql/rows.hpp"
#include "store/sql/schema.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace coatcheck::store {

using base::from_unix_millis;
using base::unix_millis;

namespace {

constexpr SqlText database_clock_sql = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

}  // namespace

PostgresStore::PostgresStore(const PostgresAddress& address, PostgresDatabase::Prepare prepare,
                             std::function<base::Timestamp()> clock, const std::atomic<std::uint64_t>* told,
                             UnansweredRotations* unanswered)
    : SqlStore(postgres_),
      postgres_(address, prepare),
      clock_(std::move(clock)),
      told_(told),
      unanswered_(unanswered) {}

void PostgresStore::check_fitness() {
    auto row = db_.query(
        "SELECT current_setting('server_encoding'), current_setting('synchronous_commit'), "
        "current_setting('fsync')");
    row.step();
    if (row.text(0) != "UTF8")
        throw StoreError("the database has the encoding " + row.text(0) + ": create it with ENCODING 'UTF8'");
    if (row.text(2) == "off")
        throw StoreError(
            "the database has fsync off, and can lose confirmed data when its machine fails: set it "
            "to on");
    if (row.text(1) == "off")
        throw StoreError(
            "the database has synchronous_commit off, and can lose confirmed data: set it to on");
}

// The tables can come into a database in several ways, such as a dump or a logical replica.
void PostgresStore::check_tables() {
    for (const char* table :
         {"users", "sessions", "revocations", "buckets", "keys", "service_keys", "audit", "meta", "feed"}) {
        auto row = db_.query("SELECT CASE WHEN row_security_active($1) THEN 1 ELSE 0 END");
        row.bind(table);
        row.step();
        if (row.integer(0) == 1)
            throw StoreError("row-level security hides rows of the table " + std::string(table) +
                             " from this role, revocations perhaps: give the role BYPASSRLS, or disable it");
    }
    // A number that is given a second time is a duplicate key. Logical replication copies no sequences.
    struct Numbered {
        const char *table, *column, *largest;
    };
    for (const auto& [table, column, largest] :
         {Numbered{"revocations", "row", "SELECT COALESCE(MAX(row), 0) FROM revocations"},
          Numbered{"audit", "id", "SELECT COALESCE(MAX(id), 0) FROM audit"}}) {
        const auto in_use = number_of(db_, largest);
        auto row = db_.query("SELECT pg_get_serial_sequence($1, $2)");
        row.bind(table).bind(column);
        row.step();
        const std::string sequence = row.text(0);
        const auto given = number_of(db_, texts_.emplace_back("SELECT last_value FROM " + sequence).c_str());
        if (in_use > given)
            throw StoreError(
                "the sequence " + sequence + " is at " + std::to_string(given) + ", but the table " + table +
                " has " + std::to_string(in_use) +
                ", as after a switch to a logical replica. Stop all nodes and run: SELECT setval('" +
                sequence + "', " + std::to_string(in_use) + ")");
    }
}

void PostgresStore::migrate() {
    check_fitness();
    try {
        store::migrate(postgres_);
    } catch (const StoreError& failure) {
        // Since PostgreSQL 15, only the owner of a database may create tables in its schema "public".
        if (std::string_view(failure.what()).find("(42501)") == std::string_view::npos) throw;
        throw StoreError(
            std::string(failure.what()) +
            ": the role may not create tables there. Let an administrator run, in this database: "
            "CREATE SCHEMA coatcheck AUTHORIZATION <role>; ALTER ROLE <role> SET search_path = "
            "coatcheck");
    }
}

void PostgresStore::refuse_unfinished_copy() {
    auto row = db_.query("SELECT 1 FROM meta WHERE copy_of <> ''");
    if (row.step())
        throw StoreError(
            "a copy into this database is not finished: run `coatcheck store copy` again, while no node "
            "serves the source");
}

void PostgresStore::begin_rotated(base::Timestamp at, std::optional<auth::Rotation>& rotated) {
    begin();
    now_ = at;
    rotated_ = &rotated;
    if (rotated) left_ = RowLeft{at, at};
}

void PostgresStore::begin() {
    now_ = clock_();
    rotated_ = nullptr;
    left_.reset();
    found_unanswered_ = false;
    published_.clear();
    caught_up_to_ = 0;
    saw_an_end_ = false;
    keys_changed_ = false;
    postgres_.begin();
}

void PostgresStore::commit() {
    if (saw_an_end_ && told_ != nullptr) catch_up();
    if (keys_changed_) {
        db_.query("UPDATE meta SET keys_version = keys_version + 1").run();
        db_.query("NOTIFY coatcheck").run();
    }
    postgres_.commit();
}

void PostgresStore::rollback() { postgres_.rollback(); }

// A copy into this database that has begun since this node started would remove the keys that it makes
// (store/copy/copy.cpp).
void PostgresStore::lock_keys() {
    auto row = db_.query("SELECT CASE WHEN copy_of = '' THEN 1 ELSE 0 END FROM meta FOR UPDATE");
    if (row.step() && row.integer(0) != 1) throw StoreError("another database is being copied into this one");
}

bool PostgresStore::rotate_current(const auth::RotateRequest& request, auth::Rotation& result) {
    if (auto* rotated = std::exchange(rotated_, nullptr)) {
        if (*rotated) result = *std::move(*rotated);
        return rotated->has_value();
    }
    auto row = db_.query(rotate_on_postgres);
    // A client that loses the answer asks again and gets the same token within the grace. So the rotation can
    // be committed before the rest of the step.
    postgres_.first_alone();
    left_ = RowLeft{now_, now_};
    try {
        if (!bind_rotation(row, now_, request).step()) return left_.reset(), false;
    } catch (const Unknown&) {
        throw;
    } catch (...) {
        if (!is_broken()) left_.reset();  // the database has said that it failed
        throw;
    }
    result.session = read_session(row);
    result.user = read_user(row, session_column_count);
    return true;
}

auth::Rotation PostgresStore::rotate_refresh(const auth::RotateRequest& request) {
    auto result = SqlStore::rotate_refresh(request);
    // A repeat of an unanswered rotation that is not answered either: the client still has the old token.
    if (std::exchange(found_unanswered_, false))
        left_ = {result.session.rotated[0], result.session.last_used};
    return result;
}

bool PostgresStore::was_unanswered(const auth::RotateRequest& request, const auth::Session& session) {
    found_unanswered_ = unanswered_ != nullptr &&
                        unanswered_->contains({request.user, request.session, request.counter,
                                               session.rotated[0], session.last_used});
    return found_unanswered_;
}

std::optional<UnansweredRotation> PostgresStore::left_by(const auth::RotateRequest& request) const {
    if (!left_) return std::nullopt;
    return UnansweredRotation{request.user, request.session, request.counter, left_->rotated,
                              left_->last_used};
}

std::vector<UnansweredRotation> PostgresStore::renew_graces(std::span<const UnansweredRotation> rotations) {
    static const std::string text = renew_graces_on_postgres(most_together);
    auto row = db_.query(text.c_str());
    row.bind(unix_millis(now_));
    static const UnansweredRotation nobody{};
    for (std::size_t i = 0; i < most_together; ++i) {
        const auto& rotation = i < rotations.size() ? rotations[i] : nobody;
        row.bind(static_cast<std::int64_t>(i))
            .bind(rotation.user)
            .bind(rotation.session)
            .bind(static_cast<std::int64_t>(rotation.counter))
            .bind(unix_millis(rotation.rotated))
            .bind(unix_millis(rotation.last_used));
    }
    std::vector<UnansweredRotation> renewed;
    while (row.step()) renewed.push_back(rotations[static_cast<std::size_t>(row.integer(0))]);
    return renewed;
}

namespace {

// There is one statement for each of these numbers of rotations. Unused rows get values that no session has:
// looking for such a row in vain costs little.
constexpr std::size_t sizes[] = {4, 16, PostgresStore::most_together};
const std::string& rotate_many_sql(std::ptrdiff_t size) {
    static const std::string sql[] = {rotate_many_on_postgres(sizes[0]), rotate_many_on_postgres(sizes[1]),
                                      rotate_many_on_postgres(sizes[2])};
    return sql[size];
}

}  // namespace

PostgresStore::Together PostgresStore::rotate_together(std::span<const auth::RotateRequest* const> requests) {
    now_ = clock_();
    left_ = RowLeft{now_, now_};
    Together together{now_, std::vector<std::optional<auth::Rotation>>(requests.size())};
    // In the same order on every node, so that nodes that rotate the same sessions do not wait for each other
    // in a circle.
    std::vector<std::size_t> order(requests.size());
    std::iota(order.begin(), order.end(), 0);
    const auto place = [&](std::size_t i) { return std::tie(requests[i]->user, requests[i]->session); };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return place(a) < place(b); });

    const auto size = std::find_if(std::begin(sizes), std::end(sizes),
                                   [&](auto most) { return most >= requests.size(); }) -
                      std::begin(sizes);
    postgres_.begin();
    postgres_.first_alone();
    auto row = db_.query(rotate_many_sql(size).c_str());
    const auth::RotateRequest& first = *requests.front();
    row.bind(unix_millis(together.at))
        .bind(first.idle.count())
        .bind(first.access_ttl.count())
        .bind(first.grace.count());
    static const auth::RotateRequest nobody{};
    for (std::size_t i = 0; i < sizes[size]; ++i) {
        const auth::RotateRequest& r = i < order.size() ? *requests[order[i]] : nobody;
        row.bind(static_cast<std::int64_t>(i < order.size() ? order[i] : 0))
            .bind(r.session)
            .bind(r.user)
            .bind_blob(r.secret_hash.bytes())
            .bind(static_cast<std::int64_t>(r.counter))
            .bind(r.by_cookie ? 1 : 0);
    }
    constexpr int number_column = session_column_count + user_column_count;
    while (row.step())
        together.rotations[static_cast<std::size_t>(row.integer(number_column))] = auth::Rotation{
            auth::Rotation::Outcome::rotated, read_session(row), read_user(row, session_column_count)};
    return together;
}

SessionSweep PostgresStore::sweep_of_sessions() const {
    return {R"(
DELETE FROM sessions
WHERE (user_id, id) IN
      (SELECT user_id, id FROM sessions WHERE due < $1 ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED)
  AND GREATEST(idle_end, older_end) < $1
)",
            R"(
UPDATE sessions SET due = GREATEST(idle_end, older_end)
WHERE (user_id, id) IN
      (SELECT user_id, id FROM sessions WHERE due < $1 ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED)
  AND GREATEST(idle_end, older_end) >= $1
)"};
}

// Deletes also those that have no position yet: nobody needs to hear of an expired revocation.
const char* PostgresStore::delete_revocations() const {
    return "DELETE FROM revocations WHERE row IN (SELECT row FROM revocations WHERE expires < $1 LIMIT $2 "
           "FOR UPDATE SKIP LOCKED)";
}

void PostgresStore::skip_statuses(std::int64_t count) {
    db_.query("SELECT setval('status_places', nextval('status_places') + $1)").bind(count).run();
}

std::int64_t PostgresStore::next_status() {
    auto row = db_.query("SELECT nextval('status_places')");
    row.step();
    return row.integer(0);
}

std::int64_t PostgresStore::given_statuses() {
    auto row = db_.query(
        "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM status_places");
    row.step();
    return row.integer(0);
}

std::vector<verify::Revocation> PostgresStore::load_revocations() {
    give_places();
    return SqlStore::load_revocations();
}

// Fetches also those that have no position yet. This step's own are among them, and are told twice.
void PostgresStore::catch_up() {
    auto row = db_.query(
        "SELECT kind, subject, minimum, expires, id FROM revocations WHERE id > $1"
        " UNION ALL SELECT kind, subject, minimum, expires, 0 FROM revocations WHERE id IS NULL");
    row.bind(static_cast<std::int64_t>(told_->load()));
    while (row.step()) {
        published_.push_back(read_revocation(row));
        caught_up_to_ = std::max(caught_up_to_, published_.back().id);
    }
}

void PostgresStore::commit_locally() { db_.query("SET LOCAL synchronous_commit = local").run(); }

PostgresStore::FeedState PostgresStore::look() {
    auto row = db_.query(
        sql<"SELECT f.last_id, m.keys_version, ", database_clock_sql,
            ", m.clock, CASE WHEN EXISTS (SELECT 1 FROM revocations WHERE id IS NULL) THEN "
            "1 ELSE 0 END, m.feed, CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END FROM feed f, meta m">);
    row.step();
    return {static_cast<std::uint64_t>(row.integer(0)),
            row.integer(1),
            from_unix_millis(row.integer(2)),
            from_unix_millis(row.integer(3)),
            row.integer(4) == 1,
            row.text(5),
            row.integer(6) == 1};
}

// Holds the lock on the one row of `feed`: a transaction that gives a position begins after the position
// before it was committed. So everybody who sees a position has seen all before it.
void PostgresStore::give_places() {
    std::int64_t last = 0;
    {
        auto row = db_.query("SELECT last_id FROM feed FOR UPDATE");
        row.step();
        last = row.integer(0);
    }
    const int given = db_.query(
                             "UPDATE revocations AS r SET id = $1 + n.place FROM"
                             " (SELECT row, ROW_NUMBER() OVER (ORDER BY row) AS place FROM revocations WHERE "
                             "id IS NULL) AS n WHERE r.row = n.row")
                          .bind(last)
                          .run();
    if (given == 0) return;
    db_.query("UPDATE feed SET last_id = last_id + $1").bind(given).run();
    db_.query("NOTIFY coatcheck").run();
}

void PostgresStore::skip_places(std::uint64_t up_to) {
    db_.query("UPDATE feed SET last_id = $1 WHERE last_id < $1").bind(static_cast<std::int64_t>(up_to)).run();
}

std::vector<verify::Revocation> PostgresStore::after(std::uint64_t id, std::size_t most) {
    std::vector<verify::Revocation> entries;
    auto row = db_.query(
        "SELECT kind, subject, minimum, expires, id FROM revocations WHERE id > $1 ORDER BY id LIMIT $2");
    row.bind(static_cast<std::int64_t>(id)).bind(static_cast<std::int64_t>(most));
    while (row.step()) entries.push_back(read_revocation(row));
    return entries;
}

// A node that has not heard of set_clock() must not undo it.
void PostgresStore::note_clock(base::Timestamp clock, const std::string& epoch) {
    db_.query("UPDATE meta SET clock = $1 WHERE clock < $1 AND feed = $2")
        .bind(unix_millis(clock))
        .bind(epoch)
        .run();
}

}  // namespace coatcheck::store
