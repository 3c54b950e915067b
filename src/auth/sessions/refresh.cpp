// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/refresh.hpp"

#include "auth/revocation/revoke.hpp"
#include "auth/sessions/end.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

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

Result<Granted> refresh(Store& store, const Policy& policy, const token::RefreshToken& presented,
                        const RotateRequest& request, const std::string& address) {
    Rotation rotation = store.rotate_refresh(request);
    switch (rotation.outcome) {
        // A refresh token that was issued in a body is not accepted as a cookie. So a token that came as a
        // cookie never leaves in a body.
        case Rotation::Outcome::misplaced: return Denied{Reason::refresh_token_malformed};
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
    granted.secret = presented.secret;
    extend_access(store, policy, granted);
    return granted;
}

Result<Granted> renew(Store& store, const Policy& policy, const std::string& session) {
    const auto row = store.lock_session(session);
    if (!row || row->ended) return Denied{Reason::session_ended};
    Granted granted;
    granted.secret = base::random_bytes(16);
    store.renew_secret(session, crypto::SecretHash::of(granted.secret));
    if (row->status >= 0) {
        // The earlier tokens are revoked, but the session goes on: it needs a new index.
        revoke_status(store, *row);
        store.set_status(session, store.next_status());
    }
    granted.session = *store.find_session(session);
    granted.user = *store.find_user(granted.session.user);
    extend_access(store, policy, granted);
    return granted;
}

SessionAndUser find_session_and_user(ReadStore& store, const std::string& session, const std::string& user) {
    return {store.find_session(session), store.find_user(user)};
}

std::optional<SessionAndUser> find_by_refresh_token(ReadStore& store, const token::RefreshToken& presented) {
    const auto session = store.find_session(presented.session);
    const bool live = session && !session->ended && session->idle_end > store.now() &&
                      session->secret_hash == presented.secret_hash() &&
                      session->counter == presented.counter;
    if (!live) return std::nullopt;
    auto user = store.find_user(session->user);
    if (!user || !user->enabled) return std::nullopt;
    return SessionAndUser{session, std::move(user)};
}

}  // namespace coatcheck::auth
