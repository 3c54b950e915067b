// SPDX-License-Identifier: Apache-2.0
// Password hashes as strings; each string names its kind. New hashes are Argon2id. An imported hash of
// another kind is verified, and replaced at the user's next sign-in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::crypto {

// The longest password that can match, in bytes.
inline constexpr std::size_t max_password_bytes = 1024;

// Makes a hash: Argon2id, m = 19456 KiB, t = 2, p = 1 (OWASP's second profile), as a PHC string. Takes about
// 20 ms and 19 MiB. Throws std::bad_alloc if there is not enough memory.
std::string hash_password(std::string_view password);

// True if `hash` was made from `password`. Knows $argon2id$, $argon2i$ (libsodium), $2a$/$2b$/$2y$ (bcrypt,
// libxcrypt) and pbkdf2_sha256$ (Django). A bcrypt hash never matches a password that bcrypt would cut (over
// 72 bytes, or with a NUL). A PBKDF2 hash never matches a password with a NUL. Throws
// std::bad_alloc if it cannot be computed: false means that the password is wrong.
bool password_matches(std::string_view hash, std::string_view password);

// True if the kind or the cost of `hash` differs from what hash_password() makes today.
bool needs_rehash(std::string_view hash);

// True if password_matches() knows the kind and the cost is within its limit: PBKDF2 up to 2,000,000 rounds,
// bcrypt 4 to 14, Argon2 up to 256 MiB, 20 passes and 16 lanes.
bool is_known_hash(std::string_view hash);

// The spelling in which a hash of another system is stored; nullopt, with the problem in words, if it may not
// be imported. Takes the parameters of Argon2 in any order, and Django's argon2$… and bcrypt$…. An Argon2
// hash may have at most 1 GiB as the product of its memory and its passes, which takes about a third of a
// second. Otherwise sign-ins of one user would delay others.
std::optional<std::string> importable_hash(std::string_view text, std::string& problem);

// A hash that no password matches. A sign-in with an unknown user name is checked against it, so that it
// takes as long as one with a known name.
const std::string& unmatchable_hash();

}  // namespace coatcheck::crypto
