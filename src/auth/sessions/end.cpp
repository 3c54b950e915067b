// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/end.hpp"

#include "auth/oauth/clients.hpp"
#include "auth/revocation/revoke.hpp"

#include <algorithm>

namespace coatcheck::auth {

using verify::Revocation;

bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by) {
    const auto row = store.end_session(session);
    if (!row) return false;
    revoke_session(store, *row);
    store.append_audit({store.now(), event, row->user, session, by.address, by.detail()});
    if (row->is_grant()) return true;
    for (const auto& grant : store.children_of(row->user, session))
        if (std::find(grant.scope.begin(), grant.scope.end(), offline_access) == grant.scope.end())
            end_session(store, grant.id, event, by);
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

void end_excess_sessions(Store& store, const Policy& policy, const Session& newest, const Actor& by) {
    const auto kept = static_cast<std::size_t>(policy.sessions_per_user) - 1;
    for (const auto& id : store.sessions_beyond(newest.user, newest.id, kept))
        end_session(store, id, "session_displaced", by);
}

bool end_sessions(Store& store, const Policy& policy, const std::string& id, const std::string& except,
                  const std::string& event, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return false;
    if (except.empty()) {
        revoke_older_tokens(store, policy, *user, Foreign::until_now);
    } else {
        revoke_foreign(store, policy, id, Foreign::until_now);
    }
    for (const auto& session : store.end_sessions(id, except)) {
        // A foreign token may live longer than the entry about foreign tokens.
        if (except.empty() && session.older_end <= store.now()) revoke_status(store, session);
        else revoke_session(store, session);
        store.append_audit({store.now(), event, id, session.id, by.address, by.detail()});
    }
    return true;
}

}  // namespace coatcheck::auth
