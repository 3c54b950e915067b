// SPDX-License-Identifier: Apache-2.0
// Revocations, limits, keys, the audit log and the sweeper.
#include "base/random.hpp"
#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

#include <algorithm>

namespace coatcheck::store {

using base::from_unix_millis;
using base::unix_millis;

void SqlStore::insert_revocation(const verify::Revocation& entry) {
    auto row = db_.query(
        "INSERT INTO revocations(kind, subject, minimum, expires) VALUES ($1,$2,$3,$4) RETURNING id");
    row.bind(static_cast<std::int64_t>(entry.kind))
        .bind(entry.subject)
        .bind(entry.minimum)
        .bind(unix_millis(entry.expires));
    row.step();
    published_.push_back(entry);
    if (!row.is_null(0)) published_.back().id = static_cast<std::uint64_t>(row.integer(0));
    row.run();
}

std::vector<verify::Revocation> SqlStore::load_revocations() {
    std::vector<verify::Revocation> entries;
    auto row = db_.query(
        "SELECT kind, subject, minimum, expires, id FROM revocations WHERE expires > $1 ORDER BY id");
    row.bind(unix_millis(now_));
    while (row.step()) entries.push_back(read_revocation(row));
    return entries;
}

std::vector<verify::Revocation> SqlStore::find_revocations(const std::string& subject) {
    std::vector<verify::Revocation> entries;
    auto row = db_.query(
        "SELECT kind, subject, minimum, expires, id FROM revocations WHERE subject = $2 AND expires > $1");
    row.bind(unix_millis(now_)).bind(subject);
    while (row.step()) entries.push_back(read_revocation(row));
    if (!entries.empty()) saw_an_end();
    return entries;
}

std::string SqlStore::feed_epoch() {
    auto row = db_.query("SELECT feed FROM meta");
    row.step();
    return row.text(0);
}

std::optional<base::Timestamp> SqlStore::find_bucket(const std::string& key) {
    auto row = db_.query("SELECT empty_at FROM buckets WHERE key = $1");
    row.bind_blob(key);
    if (!row.step()) return std::nullopt;
    return from_unix_millis(row.integer(0));
}

void SqlStore::charge_bucket(const std::string& key, base::Duration refill) {
    db_.query(
           "INSERT INTO buckets(key, empty_at) VALUES ($1, $2 + $3)"
           " ON CONFLICT (key) DO UPDATE SET empty_at = GREATEST(buckets.empty_at, $2) + $3")
        .bind_blob(key)
        .bind(unix_millis(now_))
        .bind(refill.count())
        .run();
}

void SqlStore::empty_buckets(const std::string& prefix) {
    std::string end = prefix;
    ++end.back();
    db_.query("DELETE FROM buckets WHERE key >= $1 AND key < $2").bind_blob(prefix).bind_blob(end).run();
}

std::vector<auth::StoredKey> SqlStore::load_keys() {
    std::vector<auth::StoredKey> keys;
    auto row = db_.query(
        "SELECT id, algorithm, state, sealed, created, state_since, drop_after, token_life FROM keys ORDER "
        "BY created, id");
    while (row.step())
        keys.push_back({row.text(0), row.text(1), static_cast<auth::StoredKey::State>(row.integer(2)),
                        row.text(3), from_unix_millis(row.integer(4)), from_unix_millis(row.integer(5)),
                        from_unix_millis(row.integer(6)), base::Duration(row.integer(7))});
    return keys;
}

void SqlStore::save_key(const auth::StoredKey& key) {
    db_.query(
           "INSERT INTO keys(id, algorithm, state, sealed, created, state_since, drop_after, token_life) "
           "VALUES ($1,$2,$3,$4,$5,$6,$7,$8)"
           " ON CONFLICT (id) DO UPDATE SET algorithm = excluded.algorithm, state = excluded.state, sealed = "
           "excluded.sealed,"
           " created = excluded.created, state_since = excluded.state_since, drop_after = "
           "excluded.drop_after, token_life = excluded.token_life")
        .bind(key.id)
        .bind(key.algorithm)
        .bind(static_cast<std::int64_t>(key.state))
        .bind_blob(key.sealed)
        .bind(unix_millis(key.created))
        .bind(unix_millis(key.state_since))
        .bind(unix_millis(key.drop_after))
        .bind(key.token_life.count())
        .run();
    keys_changed_ = true;
}

void SqlStore::delete_key(const std::string& id) {
    db_.query("DELETE FROM keys WHERE id = $1").bind(id).run();
    keys_changed_ = true;
}

std::vector<auth::ServiceKey> SqlStore::list_service_keys() {
    std::vector<auth::ServiceKey> keys;
    auto row = db_.query("SELECT id, name, scopes, secret_hash, created FROM service_keys ORDER BY name");
    while (row.step()) {
        std::vector<auth::Scope> scopes;
        for (const auto& name : lines_of(row.text(2)))
            if (const auto scope = auth::scope_named(name)) scopes.push_back(*scope);
        keys.push_back(
            {row.text(0), row.text(1), std::move(scopes), row.text(3), from_unix_millis(row.integer(4))});
    }
    return keys;
}

bool SqlStore::insert_service_key(const auth::ServiceKey& key) {
    std::vector<std::string> scopes;
    for (const auto scope : key.scopes) scopes.emplace_back(auth::name_of(scope));
    db_.expect_duplicate();
    try {
        db_.query("INSERT INTO service_keys(id, name, scopes, secret_hash, created) VALUES ($1,$2,$3,$4,$5)")
            .bind(key.id)
            .bind(key.name)
            .bind(joined(scopes))
            .bind_blob(key.secret_hash.bytes())
            .bind(unix_millis(key.created))
            .run();
    } catch (const Duplicate&) {
        db_.undo_duplicate();
        return false;
    }
    db_.no_duplicate();
    keys_changed_ = true;
    return true;
}

bool SqlStore::delete_service_key(const std::string& name) {
    keys_changed_ = true;
    return db_.query("DELETE FROM service_keys WHERE name = $1").bind(name).run() == 1;
}

void SqlStore::append_audit(const auth::AuditEvent& event) {
    // Two events at once may get the same place, which does no harm.
    db_.query(
           "INSERT INTO audit(time, event, user_id, session, address, detail, place) SELECT $1, $2, $3, $4, "
           "$5, $6, "
           "COALESCE(MAX(place), 0) + 1 FROM audit WHERE event = $2")
        .bind(unix_millis(event.time))
        .bind(event.event)
        .bind(event.user)
        .bind(event.session)
        .bind(event.address)
        .bind(event.detail)
        .run();
}

std::vector<auth::AuditEvent> SqlStore::list_audit(std::size_t limit) {
    std::vector<auth::AuditEvent> events;
    auto row = db_.query(
        "SELECT time, event, user_id, session, address, detail FROM audit ORDER BY id DESC LIMIT $1");
    row.bind(static_cast<std::int64_t>(limit));
    while (row.step())
        events.push_back({from_unix_millis(row.integer(0)), row.text(1), row.text(2), row.text(3),
                          row.text(4), row.text(5)});
    return events;
}

void SqlStore::prove_writable() { db_.query("UPDATE meta SET clock = clock").run(); }

// The buckets go, because a clock that was ahead has put them into the future.
void SqlStore::set_clock(base::Timestamp now) {
    now_ = now;
    // Tokens that were issued while the clock was ahead become valid later, if no new key makes them void
    // (crypt tokens).
    db_.query(
           "INSERT INTO revocations(kind, subject, minimum, expires) SELECT $1, id, 0, access_end FROM "
           "sessions "
           "WHERE access_end > $2")
        .bind(static_cast<std::int64_t>(verify::Revocation::Kind::session))
        .bind(unix_millis(now))
        .run();
    db_.query("UPDATE meta SET clock = $1").bind(unix_millis(now)).run();
    db_.query("DELETE FROM buckets").run();
}

void SqlStore::revive_nothing(const std::string& event) {
    // Longer than the life of any access token that can be configured, and longer than an older system's
    // tokens are accepted.
    constexpr base::Duration longest_token_life = std::chrono::hours(24 * 3650);
    constexpr std::int64_t places_to_skip = 1 << 24;
    end_every_session();
    // A key that was revoked after the copy was taken would sign again, so all signing keys are made anew.
    db_.query("DELETE FROM keys WHERE algorithm <> 'MAC'").run();
    keys_changed_ = true;
    // A follower of the original's feed must not continue with the feed of the copy.
    db_.query("UPDATE meta SET feed = $1").bind(base::random_id().substr(0, 16)).run();
    insert_revocation(
        {verify::Revocation::Kind::issued_before, "", base::unix_seconds(now_), now_ + longest_token_life});
    // The original may have given out more indexes in the status lists since the copy was taken. Indexes
    // given out from now on lie beyond those.
    skip_statuses(places_to_skip);
    insert_revocation({verify::Revocation::Kind::status_below, "", next_status(), now_ + longest_token_life});
    append_audit({now_, event, "", "", "", ""});
}

int SqlStore::sweep_audit_by_kind(std::int64_t rows) {
    constexpr std::int64_t most_of_a_kind = 250'000;
    int deleted = 0;
    const auto kind_after = [&](const std::string& last) -> std::optional<std::string> {
        auto row = db_.query("SELECT MIN(event) FROM audit WHERE event > $1");
        row.bind(last);
        row.step();
        return row.is_null(0) ? std::nullopt : std::optional(row.text(0));
    };
    for (auto kind = kind_after(""); kind; kind = kind_after(*kind))
        deleted += db_.query(
                          "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE event = $1 AND place <= "
                          "(SELECT MAX(place) FROM audit WHERE event = $1) - $2 ORDER BY place LIMIT $3)")
                       .bind(*kind)
                       .bind(most_of_a_kind)
                       .bind(rows)
                       .run();
    return deleted;
}

std::size_t SqlStore::sweep(std::size_t limit) {
    const auto now = unix_millis(now_);
    const auto rows = static_cast<std::int64_t>(limit);
    constexpr std::int64_t day = 86'400'000, audit_days = 90;
    const auto run = [&](const char* sql, std::int64_t most) {
        return db_.query(sql).bind(now).bind(most).run();
    };
    int deleted = 0;
    for (const char* sql : {delete_revocations(),
                            "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE empty_at < $1 "
                            "LIMIT $2 FOR UPDATE SKIP LOCKED)"})
        deleted += run(sql, rows);
    // Reads only the oldest rows of the table.
    deleted += db_.query(
                      "DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, time FROM audit ORDER BY id "
                      "LIMIT $2) AS oldest WHERE time < $1)")
                   .bind(now - audit_days * day)
                   .bind(rows)
                   .run();
    deleted += sweep_audit_by_kind(rows);
    // A used code stays for a while, so that its second use ends the grant.
    constexpr std::int64_t used_code_stays = 600'000;
    deleted +=
        db_.query(
               "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE expires < $1 LIMIT $2 FOR "
               "UPDATE SKIP LOCKED)")
            .bind(now - used_code_stays)
            .bind(rows)
            .run();
    // Ending a session moves its idle_end to that moment, and no idle_end is later than the absolute end, so
    // idle_end alone says when a session is over. A session that was made in exchange for an older
    // system's token stays while that token lives, so that the token cannot be exchanged a second time.
    // Sessions come last, because their rows stay locked until the step ends. A refresh does not change
    // `due`, and so changes no index.
    const SessionSweep sessions = sweep_of_sessions();
    const int removed = run(sessions.remove, rows);
    // The sessions to put off are the rest of the first `rows` that are due.
    const int put_off = removed < rows ? run(sessions.put_off, rows - removed) : 0;
    const bool is_more = removed + put_off >= rows;
    deleted += removed;
    return is_more ? std::max(static_cast<std::size_t>(deleted), limit) : static_cast<std::size_t>(deleted);
}

}  // namespace coatcheck::store
