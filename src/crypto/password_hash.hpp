// SPDX-License-Identifier: Apache-2.0
// Password hashes as strings that name their own kind. New ones are Argon2id; imported ones are verified and
// then replaced at the next sign-in.
#pragma once

#include <string>
#include <string_view>

namespace coatcheck::crypto {

// Longest password any function here takes, in bytes; longer ones never match.
inline constexpr std::size_t max_password_bytes = 1024;

// Argon2id, m = 19456 KiB, t = 2, p = 1 (OWASP's second profile), as a PHC string. Takes about 20 ms and 19
// MiB. Throws std::bad_alloc if the memory cannot be had.
std::string hash_password(std::string_view password);

// True if the password made the hash. Knows $argon2id$, $argon2i$ (libsodium), $2a$/$2b$/$2y$ (bcrypt,
// libxcrypt) and pbkdf2_sha256$ (Django). A password that bcrypt would cut (over 72 bytes, or with a NUL)
// never matches it.
bool password_matches(std::string_view hash, std::string_view password);

// True if the hash is of another kind or cost than hash_password() makes today.
bool needs_rehash(std::string_view hash);

// True if password_matches() knows the kind and its cost is bearable (PBKDF2 up to 2,000,000 rounds,
// bcrypt 4..14).
bool is_known_hash(std::string_view hash);

// A hash that no password has: what an unknown user is checked against, so that it takes as long.
const std::string& unmatchable_hash();

}  // namespace coatcheck::crypto
