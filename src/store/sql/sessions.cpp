// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

#include "base/bytes.hpp"
#include "base/network.hpp"

#include <algorithm>

namespace coatcheck::store {

using base::unix_millis;

namespace {

// An ended session is due for the sweeper at once, or, if it was made in exchange for a foreign token, as
// soon as that token has expired.
constexpr SqlText end_sessions_sql =
    "UPDATE sessions SET ended = $1, idle_end = LEAST(idle_end, $1), "
    "due = GREATEST(LEAST(idle_end, $1), older_end)";

}  // namespace

std::optional<auth::User> SqlStore::insert_session(const auth::Session& s, const std::string& password_hash) {
    const int inserted =
        db_.query(
               "INSERT INTO sessions(id, user_id, secret_hash, delivery, device, address, network, created, "
               "last_used,"
               " idle_end, absolute_end, access_end, status, older_end, due, amr,"
               " client_id, scope, resources, parent, auth_time)"
               " SELECT $1, id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, GREATEST(CAST($9 AS "
               "BIGINT), CAST($13 AS BIGINT)), $16, $17, $18, $19, $20, $21 FROM users WHERE id = $14 AND "
               "enabled = 1"
               " AND password_hash = $15 FOR SHARE")
            .bind(s.id)
            .bind_blob(s.secret_hash.bytes())
            .bind(name_of(s.delivery))
            .bind(s.device)
            .bind(s.address)
            .bind_blob(base::network_of(s.address))
            .bind(unix_millis(s.created))
            .bind(unix_millis(s.last_used))
            .bind(unix_millis(s.idle_end))
            .bind(unix_millis(s.absolute_end))
            .bind(unix_millis(s.access_end))
            .bind(s.status)
            .bind(unix_millis(s.older_end))
            .bind(s.user)
            .bind(password_hash)
            .bind(joined(s.amr))
            .bind(s.client)
            .bind(joined(s.scope))
            .bind(joined(s.resources))
            .bind(s.parent)
            .bind(unix_millis(s.authenticated))
            .run();
    if (inserted != 1) return std::nullopt;
    return find_user(s.user);
}

std::optional<auth::Session> SqlStore::session_in(Query& row) {
    std::optional<auth::Session> session;
    if (row.step()) session = read_session(row);
    if (!session || session->ended) saw_an_end();
    return session;
}

std::optional<auth::Session> SqlStore::find_session(const std::string& id) {
    auto row = db_.query(sql<"SELECT ", session_columns, " FROM sessions s WHERE s.id = $1">);
    row.bind(id);
    return session_in(row);
}

std::optional<auth::Session> SqlStore::lock_session(const std::string& id) {
    auto row = db_.query(sql<"SELECT ", session_columns, " FROM sessions s WHERE s.id = $1 FOR UPDATE">);
    row.bind(id);
    return session_in(row);
}

std::vector<std::string> SqlStore::sessions_beyond(const std::string& user, const std::string& except,
                                                   std::size_t kept) {
    constexpr std::int64_t at_once = 100;
    const auto most = static_cast<std::int64_t>(kept) + at_once;
    std::vector<std::string> ids;
    auto row = db_.query(
        sql<"SELECT id FROM (SELECT s.id, s.last_used FROM sessions s WHERE s.user_id = $2"
            " AND s.id <> $3 AND s.client_id = '' AND ",
            is_live, " LIMIT $4) AS live ORDER BY last_used DESC, id DESC LIMIT $4 OFFSET $5">);
    row.bind(unix_millis(now_)).bind(user).bind(except).bind(most).bind(static_cast<std::int64_t>(kept));
    while (row.step()) ids.push_back(row.text(0));
    std::reverse(ids.begin(), ids.end());
    return ids;
}

base::Timestamp SqlStore::last_access_end(const std::string& user) {
    auto row = db_.query("SELECT COALESCE(MAX(access_end), 0) FROM sessions WHERE user_id = $1");
    row.bind(user);
    row.step();
    return base::from_unix_millis(row.integer(0));
}

bool SqlStore::has_live_session(const std::string& user, const std::string& address) {
    auto row = db_.query(
        sql<"SELECT 1 FROM sessions s WHERE s.user_id = $2 AND s.network = $3 AND ", is_live, " LIMIT 1">);
    row.bind(unix_millis(now_)).bind(user).bind_blob(base::network_of(address));
    return row.step();
}

std::vector<auth::Session> SqlStore::page_of_sessions(const auth::SessionPage& page) {
    std::vector<auth::Session> sessions;
    auto row = db_.query(
        page.user
            ? sql<"SELECT ", session_columns, " FROM sessions s WHERE s.user_id = $4 AND s.id > $2 AND ",
                  is_live, " ORDER BY s.id LIMIT $3">
            : sql<"SELECT ", session_columns, " FROM sessions s WHERE s.id > $2 AND ", is_live,
                  " ORDER BY s.id LIMIT $3">);
    row.bind(unix_millis(now_)).bind(page.after).bind(static_cast<std::int64_t>(page.limit));
    if (page.user) row.bind(*page.user);
    while (row.step()) sessions.push_back(read_session(row));
    return sessions;
}

std::optional<auth::Session> SqlStore::end_session(const std::string& id) {
    auto session = lock_session(id);
    if (!session || session->ended) return std::nullopt;
    session->ended = now_;
    session->idle_end = std::min(session->idle_end, now_);
    db_.query(sql<end_sessions_sql, " WHERE id = $2 AND user_id = $3">)
        .bind(unix_millis(now_))
        .bind(id)
        .bind(session->user)
        .run();
    return session;
}

std::vector<auth::Session> SqlStore::end_sessions(const std::string& user, const std::string& except) {
    saw_an_end();  // another node may have ended some of them a moment ago
    std::vector<auth::Session> sessions;
    {
        auto row = db_.query(
            sql<"SELECT ", session_columns,
                " FROM sessions s WHERE s.user_id = $1 AND s.id <> $2 AND (s.parent <> $2 OR s.parent = '') "
                "AND s.ended IS NULL FOR UPDATE">);
        row.bind(user).bind(except);
        while (row.step()) {
            auto session = read_session(row);
            if (session.idle_end > now_ || session.older_end > now_) sessions.push_back(std::move(session));
        }
    }
    db_.query(sql<end_sessions_sql,
                  " WHERE user_id = $2 AND id <> $3 AND (parent <> $3 OR parent = '') AND ended IS NULL">)
        .bind(unix_millis(now_))
        .bind(user)
        .bind(except)
        .run();
    return sessions;
}

std::int64_t SqlStore::next_status() {
    auto row = db_.query("UPDATE meta SET next_status = next_status + 1 RETURNING next_status - 1");
    row.step();
    const auto status = row.integer(0);
    row.step();  // to the end of the statement, which completes the update
    return status;
}

std::int64_t SqlStore::given_statuses() {
    auto row = db_.query("SELECT next_status FROM meta");
    row.step();
    return row.integer(0);
}

void SqlStore::set_status(const std::string& session, std::int64_t status) {
    db_.query("UPDATE sessions SET status = $1 WHERE id = $2").bind(status).bind(session).run();
}

void SqlStore::renew_secret(const std::string& session, const crypto::SecretHash& secret_hash) {
    db_.query("UPDATE sessions SET renewed_from = secret_hash, secret_hash = $1 WHERE id = $2")
        .bind_blob(secret_hash.bytes())
        .bind(session)
        .run();
}

void SqlStore::extend_access(const std::string& session, base::Timestamp access_end) {
    db_.query("UPDATE sessions SET access_end = GREATEST(access_end, $1) WHERE id = $2")
        .bind(unix_millis(access_end))
        .bind(session)
        .run();
}

void SqlStore::end_every_session() {
    db_.query(sql<end_sessions_sql, " WHERE ended IS NULL">).bind(unix_millis(now_)).run();
}

}  // namespace coatcheck::store
