// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/sign_in.hpp"

#include "auth/sessions/end.hpp"
#include "auth/users/names.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"
#include "verify/verifier.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

// The audit log's detail of a sign-in that a limit withheld: the operator must be able to tell why even the
// right password is refused.
constexpr const char* withheld_detail = "too many failures: refused whatever the password";

// The part that sign-in and exchange share: a session that begins now, without its user and its secret.
template <class Form>
Granted new_session(Timestamp now, const Policy& policy, const Form& form, Duration access_ttl) {
    Granted granted;
    granted.granted_at = now;
    Session& session = granted.session;
    session.delivery = form.delivery;
    session.device = form.device;
    session.address = form.address;
    // Becomes auth_time, which must be the same in all tokens of the session, and no later than the first
    // iat. iat is by this machine's clock, and the store's clock (`now`) may be ahead of it.
    session.created = std::min(now, form.asked);
    session.last_used = now;
    set_ends(session, now, policy, form.remember);
    session.access_end = granted.access_end = std::min(now + access_ttl, session.idle_end);
    return granted;
}

}  // namespace

void set_ends(Session& session, Timestamp now, const Policy& policy, bool remember) {
    session.absolute_end = now + (remember ? policy.absolute
                                           : std::min(policy.absolute, policy.absolute_not_remembered));
    session.idle_end = std::min(now + policy.idle, session.absolute_end);
}

Result<Candidate> look_up(Store& store, AttemptsInFlight& in_flight, const base::Secret& mac_key,
                          const SignIn& form) {
    Candidate candidate;
    // A login that is invalid or unknown takes the same path, so that response time reveals nothing.
    candidate.user = find_by_login(store, form.login);
    Attempt& attempt = candidate.attempt;
    attempt.name = mark_of_login(mac_key, login_key(form.login));
    attempt.user = candidate.user ? candidate.user->id : stands_for_no_user(attempt.name);
    attempt.address = form.address;
    attempt.known_address = form.has_session || store.has_live_session(attempt.user, form.address);
    attempt.withheld = is_withheld(store, attempt);
    auto slot = in_flight.enter(store, attempt);
    if (!slot) return slot.error();
    candidate.slot = *std::move(slot);
    return candidate;
}

bool accepts(const Candidate& candidate, const Proof& proof) {
    return proof.holds && candidate.user && !candidate.attempt.withheld;
}

Result<Granted> open_session(Store& store, const Policy& policy, const SignIn& form,
                             const Candidate& candidate, const Proof& proof) {
    const Timestamp now = store.now();
    const auto refuse = [&]() -> Result<Granted> {
        charge_failure(store, candidate.attempt);
        store.append_audit({now, "sign_in_failed", candidate.user ? candidate.user->id : "", "", form.address,
                            candidate.attempt.withheld ? withheld_detail : ""});
        return Denied{Reason::invalid_credentials};
    };
    if (!accepts(candidate, proof)) return refuse();

    std::string hash = candidate.user->password_hash;
    if (!proof.new_hash.empty() && store.replace_password_hash(candidate.user->id, hash, proof.new_hash))
        hash = proof.new_hash;
    Granted granted = new_session(now, policy, form, form.crypt ? policy.crypt_ttl : policy.access_ttl);
    Session& session = granted.session;
    session.id = base::random_id();
    session.user = candidate.user->id;
    session.amr = proof.amr;
    if (policy.status_lists) session.status = store.next_status();
    granted.secret = base::random_bytes(16);
    session.secret_hash = crypto::SecretHash::of(granted.secret);
    // This refuses if the user was disabled, or got a new password, since look_up().
    auto user = store.insert_session(session, hash);
    if (!user) return refuse();
    granted.user = *std::move(user);
    forget_failures(store, session.user);
    end_excess_sessions(store, policy, session, form.address);
    store.append_audit(
        {now, "sign_in", session.user, session.id, form.address, std::string(name_of(form.delivery))});
    return granted;
}

Result<Granted> exchange(Store& store, const Policy& policy, const base::Secret& mac_key,
                         const Exchange& form) {
    const Timestamp now = store.now();
    const auto user = store.lock_user(form.user);
    if (!user) return Denied{Reason::token_not_ours, {}, "the token's user has not been imported"};
    if (!user->enabled) return Denied{Reason::token_revoked};

    // A step just before this one may have revoked the token; only the store knows it yet.
    for (const auto& entry : store.find_revocations(form.session))
        if (entry.kind == verify::Revocation::Kind::session) return Denied{Reason::token_revoked};
    for (const auto& entry : store.find_revocations(user->id))
        if (entry.kind == verify::Revocation::Kind::foreign_before &&
            form.issued <= base::from_unix_seconds(entry.minimum) + verify::max_clock_difference)
            return Denied{Reason::token_revoked};

    Granted granted = new_session(now, policy, form, policy.access_ttl);
    // The secret is derived from the token, so that a repeated exchange gives the same secret. It is also
    // derived from our MAC key, so that the issuer of the token cannot compute it.
    granted.secret = crypto::hmac_sha256(mac_key.reveal(),
                                         "exchanged token " + std::string(form.token.reveal()))
                         .substr(0, 16);
    Session& session = granted.session;
    session.id = form.session;
    session.user = user->id;
    session.secret_hash = crypto::SecretHash::of(granted.secret);
    session.older_end = form.foreign_end;
    if (const auto before = store.lock_session(session.id)) {
        const bool is_repeated = !before->ended && before->idle_end > now && before->counter == 0 &&
                                 before->secret_hash == session.secret_hash &&
                                 now - before->last_used < policy.grace;
        if (!is_repeated) return Denied{Reason::token_exchanged};
        session = *before;
        granted.user = *user;
        granted.access_end = std::min(now + policy.access_ttl, session.idle_end);
        if (granted.access_end > session.access_end) store.extend_access(session.id, granted.access_end);
        return granted;
    }
    if (policy.status_lists) session.status = store.next_status();
    auto inserted = store.insert_session(session, user->password_hash);
    if (!inserted) return Denied{Reason::token_revoked};
    granted.user = *std::move(inserted);
    end_excess_sessions(store, policy, session, form.address);
    store.append_audit(
        {now, "token_exchanged", session.user, session.id, form.address, "from " + form.issuer});
    return granted;
}

}  // namespace coatcheck::auth
