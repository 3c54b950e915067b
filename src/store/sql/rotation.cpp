// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rotation.hpp"

#include "store/sql/rows.hpp"
#include "store/sql/store.hpp"

namespace coatcheck::store {

using auth::Rotation;

// One statement rotates a current token. Only for any other token does this look up the reason.
Rotation SqlStore::rotate_refresh(const auth::RotateRequest& r) {
    Rotation result;
    if (rotate_current(r, result)) {
        result.outcome = Rotation::Outcome::rotated;
        return result;
    }
    if (!lock_live(r.session, r.user, result)) return saw_an_end(), result;
    const auth::Session& session = result.session;
    if (r.by_cookie && session.delivery == auth::Delivery::body) {
        result.outcome = Rotation::Outcome::misplaced;
    } else if (session.secret_hash != r.secret_hash) {
        return saw_an_end(), Rotation{};  // perhaps the secret of before a password change
    } else if (r.counter == result.session.counter) {
        result.outcome = Rotation::Outcome::repeated;  // four rotations within this grace already
    } else {
        // The token was superseded `behind` rotations ago, at rotated[behind - 1]. At most four rotations
        // fall within one grace, so an older token is outside it. A counter ahead of the row wraps to a huge
        // number.
        const std::uint32_t behind = result.session.counter - r.counter;
        const bool in_grace = behind <= auth::rotations_per_grace &&
                              result.session.rotated[behind - 1] + r.grace > now_;
        result.outcome = in_grace ? Rotation::Outcome::repeated : Rotation::Outcome::reused;
    }
    return result;
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
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1
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
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1
  AND ($9 = 0 OR s.delivery <> 'body')
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.counter,
    s.rotated_1, s.rotated_2, s.rotated_3, s.rotated_4, s.delivery, s.device, s.address, s.created,
    s.last_used, s.idle_end, s.absolute_end, s.access_end, s.ended, s.status, s.older_end,
    u.id, u.username, u.email, u.enabled, u.version, u.roles, u.claims, u.password_hash, u.created
)";

std::string rotate_many_on_postgres(std::size_t size) {
    std::string requests;
    for (std::size_t row = 0, parameter = 4; row < size; ++row) {
        requests += row == 0 ? "(" : ", (";
        for (int column = 0; column < 6; ++column)
            requests.append(column == 0 ? "$" : ", $").append(std::to_string(++parameter));
        requests += ")";
    }
    return R"(
UPDATE sessions AS s
SET counter = counter + 1,
    rotated_1 = $1, rotated_2 = rotated_1, rotated_3 = rotated_2, rotated_4 = rotated_3,
    last_used = $1,
    idle_end = LEAST($1 + $2, absolute_end),
    access_end = GREATEST(access_end, LEAST($1 + LEAST($2, $3), absolute_end))
FROM users u, (VALUES )" +
           requests + R"() AS r(number, session, of_user, hash, at_counter, by_cookie)
WHERE u.id = s.user_id AND u.enabled = 1
  AND s.id = r.session AND s.user_id = r.of_user
  AND s.secret_hash = r.hash AND s.counter = r.at_counter AND s.rotated_4 <= $1 - $4
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1
  AND (r.by_cookie = 0 OR s.delivery <> 'body')
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.counter,
    s.rotated_1, s.rotated_2, s.rotated_3, s.rotated_4, s.delivery, s.device, s.address, s.created,
    s.last_used, s.idle_end, s.absolute_end, s.access_end, s.ended, s.status, s.older_end,
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
