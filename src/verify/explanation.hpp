// SPDX-License-Identifier: Apache-2.0
// Why a token is "not ours", for operators and developers: which check it failed, and what was expected.
// Slow, and not for strangers.
#pragma once

#include "verify/verifier.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::verify {

// Which check of prove() a token failed with token_not_ours.
enum class Mismatch { encryption, key, algorithm, signature, type, issuer, audience };
inline constexpr std::size_t mismatches = 7;
// "encryption", "key", …
std::string_view name_of(Mismatch mismatch);

struct Explanation {
    Mismatch mismatch;
    std::string
        sentence;  // begins with a small letter and has no full stop; holds text of the token, cut short
};

// nullopt: prove() does not answer token_not_ours.
std::optional<Explanation> explain_not_ours(std::string_view token, const KeySet& keys, const Policy& policy);

}  // namespace coatcheck::verify
