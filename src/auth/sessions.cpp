// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions.hpp"

#include "base/reason.hpp"
#include "crypto/digest.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;
using verify::Revocation;

namespace {

std::string renewed_secret(const base::Secret& mac_key, const std::string& session,
                           const std::string& old_hash) {
    return crypto::hmac_sha256(mac_key.reveal(), "renewed secret " + session + " " + old_hash).substr(0, 16);
}

void extend_access(Store& store, const Policy& policy, Granted& granted) {
    granted.granted_at = store.now();
    granted.access_end = std::min(store.now() + policy.access_ttl, granted.session.idle_end);
    if (granted.access_end > granted.session.access_end)
        store.extend_access(granted.session.id, granted.access_end);
}

}  // namespace

RotateRequest rotation_of(const Policy& policy, const token::RefreshToken& presented, bool by_cookie) {
    return {presented.session, presented.user, presented.secret_hash(), presented.counter,
            policy.grace,      policy.idle,    policy.access_ttl,       by_cookie};
}

Result<Granted> refresh(Store& store, const Policy& policy, const base::Secret& mac_key,
                        const token::RefreshToken& presented, const RotateRequest& request,
                        const std::string& address) {
    Rotation rotation = store.rotate_refresh(request);
    switch (rotation.outcome) {
        // A token that came as a cookie never leaves in a body: one that was given in a body is not taken as
        // a cookie.
        case Rotation::Outcome::misplaced: return Denied{Reason::refresh_token_malformed};
        case Rotation::Outcome::ended: store.catch_up(); return Denied{Reason::session_ended};
        case Rotation::Outcome::reused:
            end_session(store, presented.session, "refresh_token_reused", address);
            return Denied{Reason::refresh_token_reused};
        case Rotation::Outcome::rotated:
        case Rotation::Outcome::repeated: break;
    }
    Granted granted;
    granted.user = std::move(rotation.user);
    granted.session = std::move(rotation.session);
    granted.secret = rotation.by_earlier_secret
                         ? renewed_secret(mac_key, granted.session.id, granted.session.renewed_from.bytes())
                         : presented.secret;
    extend_access(store, policy, granted);
    return granted;
}

Result<Granted> renew(Store& store, const Policy& policy, const base::Secret& mac_key,
                      const std::string& session) {
    const auto row = store.lock_session(session);
    if (!row || row->ended) return Denied{Reason::session_ended};
    Granted granted;
    granted.secret = renewed_secret(mac_key, session, row->secret_hash.bytes());
    store.renew_secret(session, crypto::SecretHash::of(granted.secret));
    if (row->status >= 0) {
        // The tokens of before are over, and the session is not.
        revoke_status(store, *row);
        store.set_status(session, store.next_status());
    }
    granted.session = *store.find_session(session);
    granted.user = *store.find_user(granted.session.user);
    extend_access(store, policy, granted);
    return granted;
}

namespace {

// The tokens of a session that has just been ended: ours, an older system's, and its place in the status
// lists.
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

SessionAndUser find_session_and_user(ReadStore& store, const std::string& session, const std::string& user) {
    SessionAndUser found{store.find_session(session), store.find_user(user)};
    if (!found.session || found.session->ended) store.catch_up();
    return found;
}

std::optional<SessionAndUser> find_by_refresh_token(ReadStore& store, const token::RefreshToken& presented) {
    const auto session = store.find_session(presented.session);
    if (!session || session->ended) store.catch_up();
    const bool live = session && !session->ended && session->idle_end > store.now() &&
                      session->secret_hash == presented.secret_hash() &&
                      session->counter == presented.counter;
    if (!live) return std::nullopt;
    auto user = store.find_user(session->user);
    if (!user || !user->enabled) return std::nullopt;
    return SessionAndUser{session, std::move(user)};
}

bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by) {
    const auto row = store.end_session(session);
    if (!row) {
        store.catch_up();
        return false;
    }
    revoke_session(store, *row);
    store.append_audit({store.now(), event, row->user, session, by.address, by.detail()});
    return true;
}

bool end_own_session(Store& store, const std::string& user, const std::string& session, const Actor& by) {
    const auto row = store.find_session(session);
    if (!row) store.catch_up();
    return row && row->user == user && end_session(store, session, "session_ended", by);
}

bool end_foreign(Store& store, const token::AccessClaims& claims, const Actor& by) {
    store.lock_user(claims.subject);  // so that the token is not exchanged meanwhile
    const bool ended = end_session(store, claims.session, "sign_out", by);
    // The token itself must be refused, whether there was a session or not.
    const auto entries = store.find_revocations(claims.session);
    const bool known = std::any_of(entries.begin(), entries.end(), [](const Revocation& entry) {
        return entry.kind == Revocation::Kind::session;
    });
    if (known) store.catch_up();
    if (known || claims.foreign_end <= store.now()) return ended;
    store.insert_revocation({Revocation::Kind::session, claims.session, 0, claims.foreign_end});
    store.append_audit(
        {store.now(), "sign_out", claims.subject, "", by.address, "with a token of an older system"});
    return true;
}

bool end_presented_session(Store& store, const std::string& session, const crypto::SecretHash& secret_hash,
                           const std::string& address) {
    const auto row = store.find_session(session);
    if (!row || row->ended) store.catch_up();
    if (!row || (row->secret_hash != secret_hash && row->renewed_from != secret_hash)) return false;
    return end_session(store, session, "sign_out", address);
}

bool end_sessions(Store& store, const Policy& policy, const std::string& user, const std::string& except,
                  const std::string& event, const Actor& by) {
    const bool known = store.lock_user(user).has_value();
    if (known) {
        revoke_foreign(store, policy, user, Foreign::until_now);
        for (const auto& session : store.end_sessions(user, except)) {
            revoke_session(store, session);
            store.append_audit({store.now(), event, user, session.id, by.address, by.detail()});
        }
    }
    store.catch_up();  // another node may have ended some of them, or deleted the user, a moment ago
    return known;
}

}  // namespace coatcheck::auth
