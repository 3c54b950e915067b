// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rotation.hpp"

#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

#include <algorithm>

namespace coatcheck::store {

using auth::Rotation;

// One statement rotates a current token. Only for any other token does this look up the reason.
Rotation SqlStore::rotate_refresh(const auth::RotateRequest& r) {
    Rotation result;
    if (rotate_current(r, result)) {
        result.outcome = Rotation::Outcome::rotated;
        return result;
    }
    if (!lock_live(r.session, r.user, result) || result.session.is_grant()) return saw_an_end(), Rotation{};
    auth::Session& session = result.session;
    if (r.by_cookie && session.delivery == auth::Delivery::body) {
        result.outcome = Rotation::Outcome::misplaced;
    } else if (session.secret_hash != r.secret_hash) {
        return saw_an_end(), Rotation{};  // perhaps the secret of before a password change
    } else if (r.counter == session.counter) {
        result.outcome = Rotation::Outcome::repeated;  // four rotations within this grace already
        note_repeat(r, session);
    } else {
        // The token was superseded `behind` rotations ago, at rotated[behind - 1]. At most four rotations
        // fall within one grace, so an older token is outside it. A counter ahead of the row wraps to a huge
        // number.
        const std::uint32_t behind = session.counter - r.counter;
        const bool in_grace = behind <= auth::rotations_per_grace &&
                              session.rotated[behind - 1] + r.grace > now_;
        if (const bool was_lost = behind == 1 && was_unanswered(r, session); in_grace || was_lost) {
            result.outcome = Rotation::Outcome::repeated;
            if (!in_grace) session.rotated[0] = now_;
            note_repeat(r, session);
        } else {
            result.outcome = Rotation::Outcome::reused;
        }
    }
    return result;
}

void SqlStore::note_repeat(const auth::RotateRequest& r, auth::Session& session) {
    session.last_used = std::max(session.last_used + std::chrono::milliseconds(1), now_);
    session.access_end = std::max(session.access_end, std::min(now_ + r.access_ttl, session.idle_end));
    db_.query(
           "UPDATE sessions SET rotated_1 = $1, last_used = $2, access_end = $3 WHERE user_id = $4 AND id = "
           "$5")
        .bind(base::unix_millis(session.rotated[0]))
        .bind(base::unix_millis(session.last_used))
        .bind(base::unix_millis(session.access_end))
        .bind(session.user)
        .bind(session.id)
        .run();
}

// In two statements, because SQLite returns no columns of a joined table. PostgresStore has its own.
bool SqlStore::rotate_current(const auth::RotateRequest& request, Rotation& result) {
    auto rotate = db_.query(rotate_on_sqlite);
    return bind_rotation(rotate, now_, request).run() == 1 &&
           lock_live(request.session, request.user, result);
}

bool SqlStore::lock_live(const std::string& session, const std::string& user, Rotation& result) {
    auto row = db_.query(sql<"SELECT ", session_columns, ", ", user_columns,
                             " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $2 AND "
                             "s.user_id = $3 AND u.enabled = 1 AND ",
                             is_live, " FOR UPDATE OF s">);
    row.bind(base::unix_millis(now_)).bind(session).bind(user);
    if (!row.step()) return false;
    result.session = read_session(row);
    result.user = read_user(row, session_column_count);
    return true;
}

// A rotation shifts the times of the last four, so that at most four fall within one grace.

const char* const rotate_on_sqlite = R"(
UPDATE sessions AS s
SET counter = counter + 1,
    rotated_1 = $1, rotated_2 = rotated_1, rotated_3 = rotated_2, rotated_4 = rotated_3,
    last_used = $1,
    idle_end = LEAST($1 + $2, absolute_end),
    access_end = GREATEST(access_end, LEAST($1 + LEAST($2, $3), absolute_end))
WHERE s.id = $4 AND s.user_id = $5
  AND s.secret_hash = $6 AND s.counter = $7 AND s.rotated_4 <= $1 - $8
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1 AND s.client_id = ''
  AND ($9 = 0 OR s.delivery <> 'body')
  AND EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id AND u.enabled = 1)
)";

const char* const rotate_on_postgres = R"(
UPDATE sessions AS s
SET counter = counter + 1,
    rotated_1 = $1, rotated_2 = rotated_1, rotated_3 = rotated_2, rotated_4 = rotated_3,
    last_used = $1,
    idle_end = LEAST($1 + $2, absolute_end),
    access_end = GREATEST(access_end, LEAST($1 + LEAST($2, $3), absolute_end))
FROM users u
WHERE u.id = s.user_id AND u.enabled = 1
  AND s.id = $4 AND s.user_id = $5
  AND s.secret_hash = $6 AND s.counter = $7 AND s.rotated_4 <= $1 - $8
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1 AND s.client_id = ''
  AND ($9 = 0 OR s.delivery <> 'body')
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.counter,
    s.rotated_1, s.rotated_2, s.rotated_3, s.rotated_4, s.delivery, s.device, s.address, s.created,
    s.last_used, s.idle_end, s.absolute_end, s.access_end, s.ended, s.status, s.older_end, s.amr,
    s.client_id, s.scope, s.resources, s.parent, s.auth_time,
    u.id, u.username, u.email, u.enabled, u.version, u.roles, u.claims, u.password_hash, u.created
)";

namespace {

// Rows of six parameters each: ($5, $6, …), …
std::string rows_of_six(std::size_t rows, std::size_t parameter) {
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
        text += row == 0 ? "(" : ", (";
        for (int column = 0; column < 6; ++column)
            text.append(column == 0 ? "$" : ", $").append(std::to_string(parameter++));
        text += ")";
    }
    return text;
}

}  // namespace

std::string renew_graces_on_postgres(std::size_t size) {
    return R"(
WITH unchanged AS (
    SELECT s.user_id, s.id, r.number
    FROM sessions s, (VALUES )" +
           rows_of_six(size, 2) + R"() AS r(number, of_user, session, at_counter, rotated, used)
    WHERE s.user_id = r.of_user AND s.id = r.session AND s.counter = r.at_counter + 1
      AND s.rotated_1 = r.rotated AND s.last_used = r.used AND s.ended IS NULL
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE sessions AS s SET rotated_1 = $1, last_used = $1
FROM unchanged u WHERE s.user_id = u.user_id AND s.id = u.id
RETURNING u.number
)";
}

std::string rotate_many_on_postgres(std::size_t size) {
    return R"(
UPDATE sessions AS s
SET counter = counter + 1,
    rotated_1 = $1, rotated_2 = rotated_1, rotated_3 = rotated_2, rotated_4 = rotated_3,
    last_used = $1,
    idle_end = LEAST($1 + $2, absolute_end),
    access_end = GREATEST(access_end, LEAST($1 + LEAST($2, $3), absolute_end))
FROM users u, (VALUES )" +
           rows_of_six(size, 5) + R"() AS r(number, session, of_user, hash, at_counter, by_cookie)
WHERE u.id = s.user_id AND u.enabled = 1
  AND s.id = r.session AND s.user_id = r.of_user
  AND s.secret_hash = r.hash AND s.counter = r.at_counter AND s.rotated_4 <= $1 - $4
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1 AND s.client_id = ''
  AND (r.by_cookie = 0 OR s.delivery <> 'body')
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.counter,
    s.rotated_1, s.rotated_2, s.rotated_3, s.rotated_4, s.delivery, s.device, s.address, s.created,
    s.last_used, s.idle_end, s.absolute_end, s.access_end, s.ended, s.status, s.older_end, s.amr,
    s.client_id, s.scope, s.resources, s.parent, s.auth_time,
    u.id, u.username, u.email, u.enabled, u.version, u.roles, u.claims, u.password_hash, u.created,
    r.number
)";
}

Query& bind_rotation(Query& query, base::Timestamp now, const auth::RotateRequest& r) {
    return query.bind(base::unix_millis(now))
        .bind(r.idle.count())
        .bind(r.access_ttl.count())
        .bind(r.session)
        .bind(r.user)
        .bind_blob(r.secret_hash.bytes())
        .bind(static_cast<std::int64_t>(r.counter))
        .bind(r.grace.count())
        .bind(r.by_cookie ? 1 : 0);
}

}  // namespace coatcheck::store
