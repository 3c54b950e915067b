// SPDX-License-Identifier: Apache-2.0
// Proof by password (`pwd`). Takes as long as a hash takes: for the hashing pool.
#pragma once

#include "auth/factors/proof.hpp"
#include "auth/types.hpp"
#include "base/secret.hpp"

#include <optional>

namespace coatcheck::auth {

// Computes one password hash whether or not the user exists, and another one if an imported hash is to be
// replaced.
Proof prove_by_password(const std::optional<User>& user, const base::Secret& password);

}  // namespace coatcheck::auth
