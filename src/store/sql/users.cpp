// SPDX-License-Identifier: Apache-2.0
#include "base/reason.hpp"
#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

#include "base/text.hpp"

namespace coatcheck::store {
namespace {

std::string key_of(const std::string& name) { return base::folded(name).value_or(name); }

std::optional<std::string> key_of(const std::optional<std::string>& email) {
    return email ? std::optional(key_of(*email)) : std::nullopt;
}

base::Denied taken(const Duplicate& duplicate) {
    const bool email = std::string_view(duplicate.what()).find("email_key") != std::string_view::npos;
    return email ? base::Denied{base::Reason::email_taken, {}, "", "email"}
                 : base::Denied{base::Reason::username_taken, {}, "", "username"};
}

std::optional<auth::User> the_user(Query& row) {
    return row.step() ? std::optional(read_user(row, 0)) : std::nullopt;
}

// Runs a statement; a Duplicate becomes username_taken or email_taken.
template <class Run>
base::Result<void> unless_taken(Database& database, Run run) {
    database.expect_duplicate();
    try {
        run();
    } catch (const Duplicate& duplicate) {
        database.undo_duplicate();
        return taken(duplicate);
    }
    database.no_duplicate();
    return {};
}

}  // namespace

base::Result<void> SqlStore::insert_user(const auth::User& user) {
    return unless_taken(db_, [&] {
        db_.query(
               "INSERT INTO users(id, username, username_key, email, email_key, enabled, version, roles, "
               "claims,"
               " password_hash, created) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)")
            .bind(user.id)
            .bind(user.username)
            .bind(key_of(user.username))
            .bind_or_null(user.email)
            .bind_or_null(key_of(user.email))
            .bind(user.enabled ? 1 : 0)
            .bind(user.version)
            .bind(joined(user.roles))
            .bind(user.claims)
            .bind(user.password_hash)
            .bind(base::unix_millis(user.created))
            .run();
    });
}

std::optional<auth::User> SqlStore::user_in(Query& row) {
    auto user = the_user(row);
    if (!user || !user->enabled) saw_an_end();
    return user;
}

std::optional<auth::User> SqlStore::find_user(const std::string& id) {
    return user_in(db_.query(sql<"SELECT ", user_columns, " FROM users u WHERE u.id = $1">).bind(id));
}

std::optional<auth::User> SqlStore::lock_user(const std::string& id) {
    return user_in(
        db_.query(sql<"SELECT ", user_columns, " FROM users u WHERE u.id = $1 FOR UPDATE">).bind(id));
}

std::optional<auth::User> SqlStore::find_user_by_login(const std::string& folded) {
    return the_user(
        db_.query(sql<"SELECT ", user_columns, " FROM users u WHERE u.username_key = $1 OR u.email_key = $1">)
            .bind(folded));
}

std::vector<auth::User> SqlStore::list_users(const auth::UserPage& page) {
    std::vector<auth::User> users;
    // Each half of the search reads a range of an index, and only the rows that match. U+10FFFF sorts after
    // every name.
    const std::string end = page.prefix + "\xf4\x8f\xbf\xbf";
    constexpr const char* all = sql<"SELECT ", user_columns, R"(
FROM users u WHERE u.username_key > $1 ORDER BY u.username_key LIMIT $2
)">;
    constexpr const char* some = sql<"SELECT ", user_columns, R"(
FROM users u
WHERE u.username_key IN (
    SELECT username_key FROM (
        SELECT username_key FROM users
        WHERE username_key > $1 AND username_key >= $3 AND username_key < $4
        ORDER BY username_key LIMIT $2
    ) AS named
    UNION
    SELECT username_key FROM users WHERE username_key > $1 AND email_key >= $3 AND email_key < $4
)
ORDER BY u.username_key LIMIT $2
)">;
    auto row = db_.query(page.prefix.empty() ? all : some);
    row.bind(page.after).bind(static_cast<std::int64_t>(page.limit));
    if (!page.prefix.empty()) row.bind(page.prefix).bind(end);
    while (row.step()) users.push_back(read_user(row, 0));
    return users;
}

base::Result<void> SqlStore::update_user(const auth::User& user) {
    return unless_taken(db_, [&] {
        db_.query(
               "UPDATE users SET username=$1, username_key=$2, email=$3, email_key=$4, enabled=$5, "
               "version=$6, roles=$7,"
               " claims=$8, password_hash=$9 WHERE id=$10")
            .bind(user.username)
            .bind(key_of(user.username))
            .bind_or_null(user.email)
            .bind_or_null(key_of(user.email))
            .bind(user.enabled ? 1 : 0)
            .bind(user.version)
            .bind(joined(user.roles))
            .bind(user.claims)
            .bind(user.password_hash)
            .bind(user.id)
            .run();
    });
}

bool SqlStore::replace_password_hash(const std::string& user, const std::string& expected,
                                     const std::string& hash) {
    return db_.query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
               .bind(hash)
               .bind(user)
               .bind(expected)
               .run() == 1;
}

std::vector<std::string> SqlStore::disabled_users() {
    std::vector<std::string> ids;
    auto row = db_.query("SELECT id FROM users WHERE enabled = 0");
    while (row.step()) ids.push_back(row.text(0));
    return ids;
}

void SqlStore::delete_user(const std::string& id) {
    db_.query("DELETE FROM users WHERE id = $1").bind(id).run();
}

}  // namespace coatcheck::store
