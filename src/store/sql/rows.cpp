// SPDX-License-Identifier: Apache-2.0
#include "store/sql/rows.hpp"

namespace coatcheck::store {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text.append(line).push_back('\n');
    return text;
}

auth::User read_user(const Query& row, int first) {
    auth::User user;
    user.id = row.text(first);
    user.username = row.text(first + 1);
    if (!row.is_null(first + 2)) user.email = row.text(first + 2);
    user.enabled = row.integer(first + 3) != 0;
    user.version = row.integer(first + 4);
    user.roles = lines_of(row.text(first + 5));
    user.claims = row.text(first + 6);
    user.password_hash = row.text(first + 7);
    user.created = base::from_unix_millis(row.integer(first + 8));
    return user;
}

auth::Session read_session(const Query& row) {
    const auto time = [&](int column) { return base::from_unix_millis(row.integer(column)); };
    auth::Session session;
    session.id = row.text(0);
    session.user = row.text(1);
    session.secret_hash = row.text(2);
    session.renewed_from = row.text(3);
    session.counter = static_cast<std::uint32_t>(row.integer(4));
    for (int i = 0; i < 4; ++i) session.rotated[static_cast<std::size_t>(i)] = time(5 + i);
    session.delivery = auth::delivery_named(row.text(9)).value_or(auth::Delivery::hybrid);
    session.device = row.text(10);
    session.address = row.text(11);
    session.created = time(12);
    session.last_used = time(13);
    session.idle_end = time(14);
    session.absolute_end = time(15);
    session.access_end = time(16);
    if (!row.is_null(17)) session.ended = time(17);
    session.status = row.integer(18);
    session.older_end = time(19);
    // Rows from before this column, and those of an older program, say "pwd" also where a foreign token was
    // exchanged.
    if (session.older_end == base::Timestamp{}) session.amr = lines_of(row.text(20));
    session.client = row.text(21);
    session.scope = lines_of(row.text(22));
    session.resources = lines_of(row.text(23));
    session.parent = row.text(24);
    session.authenticated = time(25);
    return session;
}

verify::Revocation read_revocation(const Query& row) {
    return {static_cast<verify::Revocation::Kind>(row.integer(0)), row.text(1), row.integer(2),
            base::from_unix_millis(row.integer(3)), static_cast<std::uint64_t>(row.integer(4))};
}

}  // namespace coatcheck::store
