// SPDX-License-Identifier: Apache-2.0
// Clients, consents, authorization codes, and grants, which are sessions of clients.
#include "auth/sessions/rotation.hpp"
#include "base/random.hpp"
#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

namespace coatcheck::store {

using auth::Client;
using auth::Rotation;
using base::from_unix_millis;
using base::unix_millis;

namespace {

constexpr SqlText client_columns =
    "id, name, type, auth, secret_hash, older_secret_hash, redirect_uris, logout_uris, scopes, resources, "
    "grants, default_resource, consent, enabled, version, sid, created";

std::string lines_of_grants(const std::vector<auth::GrantType>& grants) {
    std::vector<std::string> names;
    for (const auto grant : grants) names.emplace_back(auth::name_of(grant));
    return joined(names);
}

// Reads client_columns, in their order. A word that only a newer program knows is left out.
Client read_client(const Query& row) {
    Client client;
    client.id = row.text(0);
    client.name = row.text(1);
    client.type = auth::client_type_named(row.text(2)).value_or(auth::ClientType::web);
    client.secret_hash = row.text(4);
    client.older_secret_hash = row.text(5);
    client.redirect_uris = lines_of(row.text(6));
    client.logout_uris = lines_of(row.text(7));
    client.scopes = lines_of(row.text(8));
    client.resources = lines_of(row.text(9));
    for (const auto& name : lines_of(row.text(10)))
        if (const auto grant = auth::grant_type_named(name)) client.grants.push_back(*grant);
    client.default_resource = row.text(11);
    client.asks_consent = row.integer(12) != 0;
    client.enabled = row.integer(13) != 0;
    client.version = row.integer(14);
    client.session = row.text(15);
    client.created = from_unix_millis(row.integer(16));
    // Nobody gets in by a method that this program does not know.
    const auto method = auth::client_auth_named(row.text(3));
    client.auth = method.value_or(auth::ClientAuth::client_secret_basic);
    if (!method) client.enabled = false;
    return client;
}

// Binds all columns but `id` and `created`.
Query& bind_client(Query& query, const Client& client) {
    return query.bind(client.name)
        .bind(auth::name_of(client.type))
        .bind(auth::name_of(client.auth))
        .bind_blob(client.secret_hash.bytes())
        .bind_blob(client.older_secret_hash.bytes())
        .bind(joined(client.redirect_uris))
        .bind(joined(client.logout_uris))
        .bind(joined(client.scopes))
        .bind(joined(client.resources))
        .bind(lines_of_grants(client.grants))
        .bind(client.default_resource)
        .bind(client.asks_consent ? 1 : 0)
        .bind(client.enabled ? 1 : 0)
        .bind(client.version)
        .bind(client.session);
}

}  // namespace

std::vector<Client> SqlStore::list_clients() {
    std::vector<Client> clients;
    auto row = db_.query(sql<"SELECT ", client_columns, " FROM clients ORDER BY name, id">);
    while (row.step()) clients.push_back(read_client(row));
    return clients;
}

std::optional<Client> SqlStore::find_client(const std::string& id) {
    auto row = db_.query(sql<"SELECT ", client_columns, " FROM clients WHERE id = $1">);
    row.bind(id);
    return row.step() ? std::optional(read_client(row)) : std::nullopt;
}

std::optional<Client> SqlStore::lock_client(const std::string& id) {
    auto row = db_.query(sql<"SELECT ", client_columns, " FROM clients WHERE id = $1 FOR UPDATE">);
    row.bind(id);
    return row.step() ? std::optional(read_client(row)) : std::nullopt;
}

std::optional<Client> SqlStore::lock_client_shared(const std::string& id) {
    auto row = db_.query(sql<"SELECT ", client_columns, " FROM clients WHERE id = $1 FOR SHARE">);
    row.bind(id);
    return row.step() ? std::optional(read_client(row)) : std::nullopt;
}

void SqlStore::delete_codes(const std::string& client) {
    db_.query("DELETE FROM codes WHERE client_id = $1").bind(client).run();
}

bool SqlStore::insert_client(const Client& client) {
    db_.expect_duplicate();
    try {
        auto query = db_.query(
            "INSERT INTO clients(name, type, auth, secret_hash, older_secret_hash, redirect_uris, "
            "logout_uris, "
            "scopes, resources, grants, default_resource, consent, enabled, version, sid, id, created) "
            "VALUES "
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
        bind_client(query, client).bind(client.id).bind(unix_millis(client.created)).run();
    } catch (const Duplicate&) {
        db_.undo_duplicate();
        return false;
    }
    db_.no_duplicate();
    keys_changed_ = true;
    return true;
}

void SqlStore::update_client(const Client& client) {
    auto query = db_.query(
        "UPDATE clients SET name = $1, type = $2, auth = $3, secret_hash = $4, older_secret_hash = $5, "
        "redirect_uris = $6, logout_uris = $7, scopes = $8, resources = $9, grants = $10, "
        "default_resource = $11, consent = $12, enabled = $13, version = $14, sid = $15 WHERE id = $16");
    bind_client(query, client).bind(client.id).run();
    keys_changed_ = true;
}

bool SqlStore::delete_client(const std::string& id) {
    keys_changed_ = true;
    return db_.query("DELETE FROM clients WHERE id = $1").bind(id).run() == 1;
}

std::optional<auth::Consent> SqlStore::find_consent(const std::string& user, const std::string& client) {
    auto row = db_.query(
        "SELECT scope, resources, given FROM consents WHERE user_id = $1 AND client_id = $2");
    row.bind(user).bind(client);
    if (!row.step()) return std::nullopt;
    return auth::Consent{user, client, lines_of(row.text(0)), lines_of(row.text(1)),
                         from_unix_millis(row.integer(2))};
}

std::vector<auth::Consent> SqlStore::consents_of(const std::string& user) {
    std::vector<auth::Consent> consents;
    auto row = db_.query(
        "SELECT client_id, scope, resources, given FROM consents WHERE user_id = $1 ORDER BY client_id");
    row.bind(user);
    while (row.step())
        consents.push_back({user, row.text(0), lines_of(row.text(1)), lines_of(row.text(2)),
                            from_unix_millis(row.integer(3))});
    return consents;
}

void SqlStore::save_consent(const auth::Consent& consent) {
    db_.query(
           "INSERT INTO consents(id, user_id, client_id, scope, resources, given) VALUES ($1, $2, $3, $4, "
           "$5, "
           "$6) ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope, resources = "
           "excluded.resources, given = excluded.given")
        .bind(base::random_id())
        .bind(consent.user)
        .bind(consent.client)
        .bind(joined(consent.scope))
        .bind(joined(consent.resources))
        .bind(unix_millis(consent.given))
        .run();
}

bool SqlStore::delete_consent(const std::string& user, const std::string& client) {
    return db_.query("DELETE FROM consents WHERE user_id = $1 AND client_id = $2")
               .bind(user)
               .bind(client)
               .run() == 1;
}

std::size_t SqlStore::count_codes(const std::string& user) {
    auto row = db_.query("SELECT COUNT(*) FROM codes WHERE user_id = $1");
    row.bind(user);
    row.step();
    return static_cast<std::size_t>(row.integer(0));
}

void SqlStore::insert_code(const auth::AuthorizationCode& code) {
    db_.query(
           "INSERT INTO codes(hash, client_id, user_id, user_version, parent, redirect_uri, challenge, "
           "scope, "
           "resources, nonce, auth_time, amr, expires, session) VALUES "
           "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '')")
        .bind(code.hash)
        .bind(code.client)
        .bind(code.user)
        .bind(code.user_version)
        .bind(code.parent)
        .bind(code.redirect_uri)
        .bind(code.challenge)
        .bind(joined(code.scope))
        .bind(joined(code.resources))
        .bind(code.nonce)
        .bind(unix_millis(code.authenticated))
        .bind(joined(code.amr))
        .bind(unix_millis(code.expires))
        .run();
}

std::optional<auth::AuthorizationCode> SqlStore::lock_code(const std::string& hash) {
    auto row = db_.query(
        "SELECT client_id, user_id, user_version, parent, redirect_uri, challenge, scope, resources, nonce, "
        "auth_time, amr, expires, session FROM codes WHERE hash = $1 FOR UPDATE");
    row.bind(hash);
    if (!row.step()) return std::nullopt;
    return auth::AuthorizationCode{hash,
                                   row.text(0),
                                   row.text(1),
                                   row.integer(2),
                                   row.text(3),
                                   row.text(4),
                                   row.text(5),
                                   lines_of(row.text(6)),
                                   lines_of(row.text(7)),
                                   row.text(8),
                                   from_unix_millis(row.integer(9)),
                                   lines_of(row.text(10)),
                                   from_unix_millis(row.integer(11)),
                                   row.text(12)};
}

void SqlStore::use_code(const std::string& hash, const std::string& session) {
    db_.query("UPDATE codes SET session = $1 WHERE hash = $2").bind(session).bind(hash).run();
}

std::vector<std::string> SqlStore::grants_of(const std::string& client, const std::string& user,
                                             std::size_t limit) {
    std::vector<std::string> ids;
    auto row = db_.query(
        user.empty() ? sql<"SELECT s.id FROM sessions s WHERE s.client_id = $2 AND s.client_id <> '' AND ",
                           is_live, " LIMIT $3">
                     : sql<"SELECT s.id FROM sessions s WHERE s.client_id = $2 AND s.user_id = $4 AND ",
                           is_live, " ORDER BY s.last_used, s.id LIMIT $3">);
    row.bind(unix_millis(now_)).bind(client).bind(static_cast<std::int64_t>(limit));
    if (!user.empty()) row.bind(user);
    while (row.step()) ids.push_back(row.text(0));
    return ids;
}

std::vector<std::string> SqlStore::users_like_clients() {
    std::vector<std::string> ids;
    auto row = db_.query(
        "SELECT id FROM users WHERE (id >= 'client:' AND id < 'client;')"
        " OR (username_key >= 'client:' AND username_key < 'client;') ORDER BY id LIMIT 100");
    while (row.step()) ids.push_back(row.text(0));
    return ids;
}

std::vector<auth::Session> SqlStore::children_of(const std::string& user, const std::string& parent) {
    std::vector<auth::Session> children;
    auto row = db_.query(
        sql<"SELECT ", session_columns,
            " FROM sessions s WHERE s.user_id = $2 AND s.parent = $3 AND s.client_id <> '' AND ", is_live>);
    row.bind(unix_millis(now_)).bind(user).bind(parent);
    while (row.step()) children.push_back(read_session(row));
    return children;
}

void SqlStore::set_recognised(const auth::Session& session) {
    db_.query("UPDATE sessions SET auth_time = $1, amr = $2, idle_end = $3, absolute_end = $4 WHERE id = $5")
        .bind(unix_millis(session.authenticated))
        .bind(joined(session.amr))
        .bind(unix_millis(session.idle_end))
        .bind(unix_millis(session.absolute_end))
        .bind(session.id)
        .run();
}

void SqlStore::touch_session(const std::string& session, base::Timestamp idle_end) {
    db_.query(
           "UPDATE sessions SET last_used = $1, idle_end = LEAST(GREATEST(idle_end, $2), absolute_end) WHERE "
           "id = $3 AND ended IS NULL")
        .bind(unix_millis(now_))
        .bind(unix_millis(idle_end))
        .bind(session)
        .run();
}

// Unlike a session of the SDK, a grant is read first: its refreshes are fewer, and no two of them share a
// statement.
Rotation SqlStore::rotate_grant(const auth::RotateRequest& r) {
    Rotation result;
    if (r.client.empty() || !lock_live(r.session, r.user, result) || result.session.client != r.client ||
        result.session.secret_hash != r.secret_hash)
        return saw_an_end(), Rotation{};
    auth::Session& session = result.session;
    result.outcome = auth::judge_counter(session, r, now_);
    if (result.outcome == Rotation::Outcome::repeated) note_repeat(r, session);
    if (result.outcome != Rotation::Outcome::rotated) return result;
    auth::rotate(session, r, now_);
    db_.query(
           "UPDATE sessions SET counter = $1, rotated_4 = rotated_3, rotated_3 = rotated_2, rotated_2 = "
           "rotated_1, rotated_1 = $2, last_used = $2, idle_end = $3, access_end = $4 WHERE user_id = $5 AND "
           "id = $6")
        .bind(static_cast<std::int64_t>(session.counter))
        .bind(unix_millis(now_))
        .bind(unix_millis(session.idle_end))
        .bind(unix_millis(session.access_end))
        .bind(session.user)
        .bind(session.id)
        .run();
    return result;
}

}  // namespace coatcheck::store
