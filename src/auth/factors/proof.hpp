// SPDX-License-Identifier: Apache-2.0
// A proof: what a user has shown of being this user. Each way to prove it has a file here and gives a Proof;
// the flow of a sign-in (src/auth/sessions/sign_in.hpp) and of a confirmation is the same for all of them.
#pragma once

#include <string>
#include <vector>

namespace coatcheck::auth {

struct Proof {
    bool holds = false;
    // The methods, in the order in which they were used, by their names of RFC 8176 §2.
    std::vector<std::string> amr;
    // Replaces the stored password hash if that was imported or is cheaper than ours; otherwise empty.
    std::string new_hash;
};

}  // namespace coatcheck::auth
