// SPDX-License-Identifier: Apache-2.0
#include "auth/revocation/revoke.hpp"

#include <algorithm>
#include <stdexcept>

namespace coatcheck::auth {

using verify::Revocation;

namespace {

// The latest time at which a token of the user may expire that states what was true before this step. This
// includes a token that another step, on any node, mints just now without having seen the changes of this
// step.
Timestamp last_access_end(Store& store, const Policy& policy, const std::string& user) {
    // Bounds the time from a look at the user by another step until that step's token is minted.
    constexpr std::chrono::minutes longest_step{1};
    return std::max(store.now() + policy.access_ttl + longest_step, store.last_access_end(user));
}

}  // namespace

void write_back(Store& store, const User& user) {
    if (const auto written = store.update_user(user); !written)
        throw std::logic_error("the names of user " + user.id + " belong to two users");
}

void revoke_session(Store& store, const Session& session) {
    store.insert_revocation(
        {Revocation::Kind::session, session.id, 0, std::max(session.access_end, session.older_end)});
    revoke_status(store, session);
}

void revoke_status(Store& store, const Session& session) {
    if (session.status >= 0)
        store.insert_revocation({Revocation::Kind::status, "", session.status, session.access_end});
}

void revoke_foreign(Store& store, const Policy& policy, const std::string& user, Foreign which) {
    if (policy.foreign_life <= Duration(0)) return;
    const std::int64_t until = which == Foreign::for_good ? verify::foreign_for_good
                                                          : base::unix_seconds(store.now());
    store.insert_revocation(
        {Revocation::Kind::foreign_before, user, until, store.now() + policy.foreign_life});
}

void revoke_older_tokens(Store& store, const Policy& policy, User& user, Foreign foreign) {
    ++user.version;
    store.insert_revocation(
        {Revocation::Kind::user_revoked, user.id, user.version, last_access_end(store, policy, user.id)});
    revoke_foreign(store, policy, user.id, foreign);
    write_back(store, user);
}

void make_older_tokens_stale(Store& store, const Policy& policy, User& user) {
    ++user.version;
    store.insert_revocation(
        {Revocation::Kind::user_stale, user.id, user.version, last_access_end(store, policy, user.id)});
    write_back(store, user);
}

void revoke_all_tokens(Store& store, const Policy& policy, const User& user) {
    store.insert_revocation(
        {Revocation::Kind::user_revoked, user.id, user.version + 1, last_access_end(store, policy, user.id)});
    revoke_foreign(store, policy, user.id, Foreign::for_good);
}

}  // namespace coatcheck::auth
