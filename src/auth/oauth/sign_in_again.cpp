// SPDX-License-Identifier: Apache-2.0
#include "auth/oauth/sign_in_again.hpp"

#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"

#include <algorithm>

namespace coatcheck::auth {

base::Result<Granted> sign_in_again(Store& store, const Policy& policy, const SignIn& form,
                                    const Candidate& candidate, const Proof& proof,
                                    const std::optional<token::RefreshToken>& former) {
    std::optional<SignedIn> before;
    if (former)
        if (auto found = find_signed_in(store, policy, *former, form.address)) before = *std::move(found);
    const bool may_be_same = before && candidate.user && before->user.id == candidate.user->id;
    // As in open_session(): the password must not have changed since it was checked.
    const auto user = may_be_same ? store.lock_user(before->user.id) : std::nullopt;
    const bool is_same = user && user->enabled && user->password_hash == candidate.user->password_hash;
    if (!is_same || !accepts(candidate, proof)) {
        auto opened = open_session(store, policy, form, candidate, proof);
        if (opened && before) end_session(store, before->session.id, "session_displaced", form.address);
        return opened;
    }
    if (!proof.new_hash.empty()) store.replace_password_hash(user->id, user->password_hash, proof.new_hash);
    forget_failures(store, user->id);
    Session session = before->session;
    set_ends(session, store.now(), policy, form.remember);
    session.authenticated = std::min(store.now(), form.asked);
    session.amr = proof.amr;
    store.set_recognised(session);
    store.append_audit({store.now(), "sign_in", user->id, session.id, form.address, "again"});
    // A new secret, so that a token that was planted or stolen before is worth nothing (session fixation).
    return renew(store, policy, before->session.id);
}

}  // namespace coatcheck::auth
