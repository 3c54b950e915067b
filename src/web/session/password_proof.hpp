// SPDX-License-Identifier: Apache-2.0
// The part that every sign-in by password shares: the user is looked up and shows a proof.
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {

struct Proved {
    auth::Candidate candidate;
    auth::Proof proof;    // whether it holds is for auth::open_session() to say
    base::Clocks clocks;  // when it was made: the time at which tokens are issued
};

// too_many_attempts; clock_wrong. Throws Busy.
asio::awaitable<base::Result<Proved>> prove_password(Service& service, const auth::SignIn& form);

}  // namespace coatcheck::web
