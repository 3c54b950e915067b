// SPDX-License-Identifier: Apache-2.0
// Argon2 hashes as text: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>, the PHC string format with the
// parameters of RFC 9106. Programs write the parameters in several orders.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::crypto {

struct Argon2String {
    bool is_id = true;  // Argon2id; else Argon2i
    int kib = 0, passes = 0, lanes = 0;
    std::string salt, tag;  // bytes
};

// nullopt: malformed, of another variant or version, or a parameter is missing, unknown or has more than nine
// digits.
std::optional<Argon2String> parse_argon2(std::string_view text);

// In the order m, t, p, which libsodium needs.
std::string write_argon2(const Argon2String& hash);

}  // namespace coatcheck::crypto
