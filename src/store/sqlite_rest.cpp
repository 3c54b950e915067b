// SPDX-License-Identifier: Apache-2.0
// Revocations, limits, keys, audit and the sweeper.
#include "store/rows.hpp"
#include "store/sqlite_store.hpp"

#include <algorithm>

namespace coatcheck::store {

using base::from_unix_millis;
using base::unix_millis;

void SqliteStore::insert_revocation(const verify::Revocation& entry) {
    db_.query("INSERT INTO revocations(kind, subject, minimum, expires) VALUES (?,?,?,?)")
        .bind(static_cast<std::int64_t>(entry.kind)).bind(entry.subject).bind(entry.minimum)
        .bind(unix_millis(entry.expires)).run();
    published_.push_back(entry);
    published_.back().id = static_cast<std::uint64_t>(db_.last_insert_id());
}

std::vector<verify::Revocation> SqliteStore::load_revocations() {
    std::vector<verify::Revocation> entries;
    auto row = db_.query("SELECT kind, subject, minimum, expires, id FROM revocations WHERE expires > ? ORDER BY id");
    row.bind(unix_millis(now_));
    while (row.step())
        entries.push_back({static_cast<verify::Revocation::Kind>(row.integer(0)), row.text(1), row.integer(2),
                           from_unix_millis(row.integer(3)), static_cast<std::uint64_t>(row.integer(4))});
    return entries;
}

std::vector<verify::Revocation> SqliteStore::find_revocations(const std::string& subject) {
    std::vector<verify::Revocation> entries;
    auto row = db_.query("SELECT kind, subject, minimum, expires, id FROM revocations WHERE subject = ?2 AND expires > ?1");
    row.bind(unix_millis(now_)).bind(subject);
    while (row.step())
        entries.push_back({static_cast<verify::Revocation::Kind>(row.integer(0)), row.text(1), row.integer(2), from_unix_millis(row.integer(3)),
                           static_cast<std::uint64_t>(row.integer(4))});
    return entries;
}

std::string SqliteStore::feed_epoch() {
    auto row = db_.query("SELECT feed FROM meta");
    row.step();
    return row.text(0);
}

std::optional<base::Timestamp> SqliteStore::find_bucket(const std::string& key) {
    auto row = db_.query("SELECT empty_at FROM buckets WHERE key = ?");
    row.bind_blob(key);
    if (!row.step()) return std::nullopt;
    return from_unix_millis(row.integer(0));
}

void SqliteStore::save_bucket(const std::string& key, base::Timestamp empty_at) {
    db_.query("INSERT INTO buckets VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET empty_at = excluded.empty_at")
        .bind_blob(key).bind(unix_millis(empty_at)).run();
}

std::vector<auth::StoredKey> SqliteStore::load_keys() {
    std::vector<auth::StoredKey> keys;
    auto row = db_.query("SELECT id, algorithm, state, sealed, created, state_since, drop_after FROM keys ORDER BY created");
    while (row.step())
        keys.push_back({row.text(0), row.text(1), static_cast<auth::StoredKey::State>(row.integer(2)), row.text(3),
                        from_unix_millis(row.integer(4)), from_unix_millis(row.integer(5)),
                        from_unix_millis(row.integer(6))});
    return keys;
}

void SqliteStore::save_key(const auth::StoredKey& key) {
    db_.query("INSERT OR REPLACE INTO keys VALUES (?,?,?,?,?,?,?)")
        .bind(key.id).bind(key.algorithm).bind(static_cast<std::int64_t>(key.state)).bind_blob(key.sealed)
        .bind(unix_millis(key.created)).bind(unix_millis(key.state_since)).bind(unix_millis(key.drop_after)).run();
    keys_changed_ = true;
}

void SqliteStore::delete_key(const std::string& id) {
    db_.query("DELETE FROM keys WHERE id = ?").bind(id).run();
    keys_changed_ = true;
}

std::vector<auth::ServiceKey> SqliteStore::list_service_keys() {
    std::vector<auth::ServiceKey> keys;
    auto row = db_.query("SELECT id, name, scopes, secret_hash, created FROM service_keys ORDER BY name");
    while (row.step()) {
        std::vector<auth::Scope> scopes;
        for (const auto& name : lines_of(row.text(2)))
            if (const auto scope = auth::scope_named(name)) scopes.push_back(*scope);
        keys.push_back({row.text(0), row.text(1), std::move(scopes), row.text(3), from_unix_millis(row.integer(4))});
    }
    return keys;
}

bool SqliteStore::insert_service_key(const auth::ServiceKey& key) {
    std::vector<std::string> scopes;
    for (const auto scope : key.scopes) scopes.emplace_back(auth::name_of(scope));
    try {
        db_.query("INSERT INTO service_keys VALUES (?,?,?,?,?)")
            .bind(key.id).bind(key.name).bind(joined(scopes)).bind_blob(key.secret_hash).bind(unix_millis(key.created)).run();
    } catch (const Duplicate&) {
        return false;
    }
    keys_changed_ = true;
    return true;
}

bool SqliteStore::delete_service_key(const std::string& name) {
    keys_changed_ = true;
    return db_.query("DELETE FROM service_keys WHERE name = ?").bind(name).run() == 1;
}

void SqliteStore::append_audit(const auth::AuditEvent& event) {
    db_.query("INSERT INTO audit(time, event, user_id, session, address, detail) VALUES (?,?,?,?,?,?)")
        .bind(unix_millis(event.time)).bind(event.event).bind(event.user).bind(event.session).bind(event.address)
        .bind(event.detail).run();
}

std::vector<auth::AuditEvent> SqliteStore::list_audit(std::size_t limit) {
    std::vector<auth::AuditEvent> events;
    auto row = db_.query("SELECT time, event, user_id, session, address, detail FROM audit ORDER BY id DESC LIMIT ?");
    row.bind(static_cast<std::int64_t>(limit));
    while (row.step())
        events.push_back({from_unix_millis(row.integer(0)), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)});
    return events;
}

std::size_t SqliteStore::sweep(std::size_t limit) {
    const auto now = unix_millis(now_);
    const auto rows = static_cast<std::int64_t>(limit);
    constexpr std::int64_t day = 86'400'000, audit_days = 90, max_audit_rows = 1'000'000;
    int deleted = 0;
    // Ending a session moves its idle_end to that moment, and no idle_end lies beyond the absolute end. One that an older
    // system's token was exchanged for is kept while that token lives, so that there is no second one.
    deleted += db_.query("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE idle_end < ?1 AND older_end < ?1 LIMIT ?2)")
                   .bind(now).bind(rows).run();
    deleted += db_.query("DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE expires < ? LIMIT ?)")
                   .bind(now).bind(rows).run();
    deleted += db_.query("DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE empty_at < ? LIMIT ?)")
                   .bind(now).bind(rows).run();
    // Oldest first: only the head of the table is looked at.
    deleted += db_.query("DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, time FROM audit ORDER BY id LIMIT ?3)"
                         " WHERE time < ?1 OR id < (SELECT MAX(id) FROM audit) - ?2)")
                   .bind(now - audit_days * day).bind(max_audit_rows).bind(rows).run();
    return static_cast<std::size_t>(std::max(deleted, 0));
}

}  // namespace coatcheck::store
