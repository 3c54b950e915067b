// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rotation.hpp"

namespace coatcheck::store {

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
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.renewed, s.counter,
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
RETURNING s.id, s.user_id, s.secret_hash, s.renewed_from, s.renewed, s.counter,
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
