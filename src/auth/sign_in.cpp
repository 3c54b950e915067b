// SPDX-License-Identifier: Apache-2.0
#include "auth/sign_in.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "crypto/password_hash.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

Result<Candidate> look_up(Store& store, AttemptsInFlight& in_flight, const SignIn& form) {
    Candidate candidate;
    // Text that cannot be a name still takes the whole way: no answer is quicker for it.
    candidate.attempt.login = base::folded(form.login).value_or(form.login);
    candidate.attempt.address = form.address;
    candidate.user = store.find_user_by_login(candidate.attempt.login);
    if (candidate.user) {
        candidate.attempt.known_address = store.has_live_session(candidate.user->id, form.address);
        // By id: the name and the e-mail address of one user count together.
        candidate.attempt.login = candidate.user->id;
    }
    auto slot = in_flight.enter(store, candidate.attempt);
    if (!slot) return slot.error();
    candidate.slot = *std::move(slot);
    return candidate;
}

PasswordVerdict check_password(const std::optional<User>& user, const base::Secret& password) {
    PasswordVerdict verdict;
    const std::string& hash = user ? user->password_hash : crypto::unmatchable_hash();
    // Passwords are kept in NFC. Imported hashes were made of what the other system received: as typed.
    // What is too long for any hash is cut to what can be normalised in no time, and never matches.
    const bool too_long = password.reveal().size() > crypto::max_password_bytes;
    const std::string_view typed = password.reveal().substr(0, too_long ? 0 : std::string_view::npos);
    const bool imported = crypto::needs_rehash(hash);
    const base::Secret normal(base::nfc(typed).value_or(std::string(typed)));
    const bool matches = crypto::password_matches(hash, imported ? typed : normal.reveal());
    verdict.matches = matches && user.has_value() && !typed.empty();
    if (verdict.matches && imported) verdict.new_hash = crypto::hash_password(normal.reveal());
    return verdict;
}

Result<Granted> open_session(Store& store, const Policy& policy, const SignIn& form, const Candidate& candidate,
                             const PasswordVerdict& verdict) {
    const Timestamp now = store.now();
    const auto refuse = [&]() -> Result<Granted> {
        charge_failure(store, candidate.attempt);
        store.append_audit({now, "sign_in_failed", candidate.user ? candidate.user->id : "", "", form.address, ""});
        return Denied{Reason::invalid_credentials};
    };
    if (!verdict.matches || !candidate.user) return refuse();

    std::string hash = candidate.user->password_hash;
    if (!verdict.new_hash.empty() && store.replace_password_hash(candidate.user->id, hash, verdict.new_hash))
        hash = verdict.new_hash;
    Granted granted;
    granted.granted_at = now;
    granted.secret = base::random_bytes(16);
    Session& session = granted.session;
    session.id = base::random_id();
    session.user = candidate.user->id;
    session.secret_hash = crypto::sha256(granted.secret);
    session.delivery = form.delivery;
    session.device = form.device;
    session.address = form.address;
    session.created = session.last_used = now;
    session.absolute_end = now + (form.remember ? policy.absolute : std::min(policy.absolute, policy.absolute_not_remembered));
    session.idle_end = std::min(now + policy.idle, session.absolute_end);
    session.access_end = granted.access_end = std::min(now + (form.crypt ? policy.crypt_ttl : policy.access_ttl), session.idle_end);
    // A disable or a new password that came between wins.
    auto user = store.insert_session(session, hash);
    if (!user) return refuse();
    granted.user = *std::move(user);
    store.append_audit({now, "sign_in", session.user, session.id, form.address, std::string(name_of(form.delivery))});
    return granted;
}

}  // namespace coatcheck::auth
