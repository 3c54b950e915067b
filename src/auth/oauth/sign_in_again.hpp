// SPDX-License-Identifier: Apache-2.0
// Sign-in on our own pages: one browser has one session.
#pragma once

#include "auth/oauth/grants.hpp"

#include <optional>

namespace coatcheck::auth {

// As open_session(), for a browser that may have a session already (`former`, from its cookie). If the
// session is the same user's, it goes on with its grants, with a new secret and a new auth_time. If it is
// another user's, it ends.
base::Result<Granted> sign_in_again(Store& store, const Policy& policy, const SignIn& form,
                                    const Candidate& candidate, const Proof& proof,
                                    const std::optional<token::RefreshToken>& former);

}  // namespace coatcheck::auth
