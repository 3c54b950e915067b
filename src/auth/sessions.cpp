// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions.hpp"

#include "crypto/digest.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;
using verify::Revocation;

namespace {

std::string renewed_secret(const base::Secret& mac_key, const std::string& session, const std::string& old_hash) {
    return crypto::hmac_sha256(mac_key.reveal(), "renewed secret " + session + " " + old_hash).substr(0, 16);
}

void extend_access(Store& store, const Policy& policy, Granted& granted) {
    granted.granted_at = store.now();
    granted.access_end = std::min(store.now() + policy.access_ttl, granted.session.idle_end);
    if (granted.access_end > granted.session.access_end) store.extend_access(granted.session.id, granted.access_end);
}

}  // namespace

Result<Granted> refresh(Store& store, const Policy& policy, const base::Secret& mac_key,
                        const token::RefreshToken& presented, const std::string& address) {
    RotateRequest request{presented.session, presented.user,  presented.secret_hash(), presented.counter,
                          policy.grace,      policy.idle,     policy.access_ttl};
    Rotation rotation = store.rotate_refresh(request);
    switch (rotation.outcome) {
        case Rotation::Outcome::ended: return Denied{Reason::session_ended};
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
                         ? renewed_secret(mac_key, granted.session.id, granted.session.renewed_from)
                         : presented.secret;
    extend_access(store, policy, granted);
    return granted;
}

Result<Granted> renew(Store& store, const Policy& policy, const base::Secret& mac_key, const std::string& session) {
    const auto row = store.find_session(session);
    if (!row || row->ended) return Denied{Reason::session_ended};
    Granted granted;
    granted.secret = renewed_secret(mac_key, session, row->secret_hash);
    store.renew_secret(session, crypto::sha256(granted.secret));
    if (row->status >= 0) {
        // The tokens of before are over, and the session is not.
        end_status(store, *row);
        store.set_status(session, store.next_status());
    }
    granted.session = *store.find_session(session);
    granted.user = *store.find_user(granted.session.user);
    extend_access(store, policy, granted);
    return granted;
}

void end_status(Store& store, const Session& session) {
    if (session.status >= 0) store.insert_revocation({Revocation::Kind::status, "", session.status, session.access_end});
}

bool end_session(Store& store, const std::string& session, const std::string& event, const Actor& by) {
    const auto row = store.find_session(session);
    const auto access_end = store.end_session(session);
    if (!access_end || !row) return false;
    store.insert_revocation({Revocation::Kind::session, session, 0, *access_end});
    end_status(store, *row);
    store.append_audit({store.now(), event, row->user, session, by.address, by.detail()});
    return true;
}

bool end_foreign(Store& store, const verify::Revocations& known, const std::string& session, Timestamp expires, const std::string& user, const Actor& by) {
    if (known.has_session(session)) return false;
    if (store.find_session(session)) return end_session(store, session, "sign_out", by);
    store.insert_revocation({Revocation::Kind::session, session, 0, expires});
    store.append_audit({store.now(), "sign_out", user, "", by.address, "with a token of an older system"});
    return true;
}

bool end_presented_session(Store& store, const std::string& session, const std::string& secret_hash, const std::string& address) {
    const auto row = store.find_session(session);
    if (!row || (row->secret_hash != secret_hash && row->renewed_from != secret_hash)) return false;
    return end_session(store, session, "sign_out", address);
}

void end_sessions(Store& store, const std::string& user, const std::string& except, const std::string& event,
                  const Actor& by) {
    for (const auto& session : store.end_sessions(user, except)) {
        store.insert_revocation({Revocation::Kind::session, session.id, 0, session.access_end});
        end_status(store, session);
        store.append_audit({store.now(), event, user, session.id, by.address, by.detail()});
    }
}

}  // namespace coatcheck::auth
