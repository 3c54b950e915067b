// SPDX-License-Identifier: Apache-2.0
// Proof by password (`pwd`). Takes as long as a hash takes: for the hashing pool.
#pragma once

#include "auth/factors/proof.hpp"
#include "auth/types.hpp"
#include "base/secret.hpp"

#include <optional>

namespace coatcheck::auth {

// Computes one password hash whether or not the user exists, and another one if an imported hash is to be
// replaced. Not if the attempt is withheld: the time would tell that the password is right.
Proof prove_by_password(const std::optional<User>& user, const base::Secret& password,
                        bool is_withheld = false);

}  // namespace coatcheck::auth
