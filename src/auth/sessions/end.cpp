// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/end.hpp"

#include <algorithm>

namespace coatcheck::auth {

using verify::Revocation;

namespace {

// Revokes the tokens of a session that has just ended: our own, the foreign token that was exchanged for
// it, and its index in the status lists.
void revoke_session(Store& store, const Session& session) {
    store.insert_revocation(
        {Revocation::Kind::session, session.id, 0, std::max(session.access_end, session.older_end)});
    revoke_status(store, session);
}

}  // namespace

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

bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by) {
    const auto row = store.end_session(session);
    if (!row) return false;
    revoke_session(store, *row);
    store.append_audit({store.now(), event, row->user, session, by.address, by.detail()});
    return true;
}

bool end_own_session(Store& store, const std::string& user, const std::string& session, const Actor& by) {
    const auto row = store.find_session(session);
    return row && row->user == user && end_session(store, session, "session_ended", by);
}

bool end_foreign(Store& store, const token::AccessClaims& claims, const Actor& by) {
    store.lock_user(claims.subject);  // so that no other step exchanges the token meanwhile
    const bool ended = end_session(store, claims.session, "sign_out", by);
    // The token itself must be refused, whether there was a session or not.
    const auto entries = store.find_revocations(claims.session);
    const bool known = std::any_of(entries.begin(), entries.end(), [](const Revocation& entry) {
        return entry.kind == Revocation::Kind::session;
    });
    if (known || claims.foreign_end <= store.now()) return ended;
    store.insert_revocation({Revocation::Kind::session, claims.session, 0, claims.foreign_end});
    store.append_audit({store.now(), "sign_out", claims.subject, "", by.address, "with a foreign token"});
    return true;
}

bool end_presented_session(Store& store, const std::string& session, const crypto::SecretHash& secret_hash,
                           const std::string& address) {
    const auto row = store.find_session(session);
    if (!row || (row->secret_hash != secret_hash && row->renewed_from != secret_hash)) return false;
    return end_session(store, session, "sign_out", address);
}

bool end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by) {
    if (!store.lock_user(user)) return false;
    revoke_foreign(store, policy, user, Foreign::until_now);
    for (const auto& session : store.end_sessions(user, except)) {
        revoke_session(store, session);
        store.append_audit({store.now(), event, user, session.id, by.address, by.detail()});
    }
    return true;
}

}  // namespace coatcheck::auth
