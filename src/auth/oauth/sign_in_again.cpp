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
    const bool is_same = before && candidate.user && before->user.id == candidate.user->id &&
                         before->user.password_hash == candidate.user->password_hash;
    if (!is_same || !accepts(candidate, proof)) {
        auto opened = open_session(store, policy, form, candidate, proof);
        if (opened && before) end_session(store, before->session.id, "session_displaced", form.address);
        return opened;
    }
    if (!proof.new_hash.empty())
        store.replace_password_hash(before->user.id, before->user.password_hash, proof.new_hash);
    forget_failures(store, before->user.id);
    store.set_recognised(before->session.id, std::min(store.now(), form.asked), proof.amr);
    store.append_audit({store.now(), "sign_in", before->user.id, before->session.id, form.address, "again"});
    // A new secret, so that a token that was planted or stolen before is worth nothing (session fixation).
    return renew(store, policy, before->session.id);
}

}  // namespace coatcheck::auth
