// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_hash.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/random.hpp"
#include "crypto/argon2_string.hpp"
#include "crypto/hash_memory.hpp"

#include <crypt.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

namespace coatcheck::crypto {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = hash_memory_bytes;
constexpr std::size_t max_hash_bytes = 512;  // of the text

// Picks the fastest Argon2 for this processor. Without it libsodium uses its portable code, which is half as
// fast.
void prepare_sodium() {
    static const int status = sodium_init();
    if (status < 0) throw std::runtime_error("libsodium cannot be initialised");
}

bool is_bcrypt(std::string_view h) {
    return h.size() == 60 && (h.starts_with("$2a$") || h.starts_with("$2b$") || h.starts_with("$2y$"));
}

bool bcrypt_matches(const std::string& hash, std::string_view password) {
    // bcrypt reads at most 72 bytes and stops at a NUL. Refuse a password that it would cut: a shorter one
    // would match too.
    if (password.size() > 72 || password.find('\0') != std::string_view::npos) return false;
    auto state = std::make_unique<crypt_data>();
    std::string text(password);
    errno = 0;
    const char* again = crypt_r(text.c_str(), hash.c_str(), state.get());
    const bool failed = (again == nullptr || again[0] == '*') && errno == ENOMEM;
    const bool same = again != nullptr && base::equal_in_constant_time(again, hash);
    sodium_memzero(text.data(), text.size());
    sodium_memzero(state.get(), sizeof *state);
    if (failed) throw std::bad_alloc();
    return same;
}

// Django's form: pbkdf2_sha256$<rounds>$<salt text>$<base64 of 32 bytes>.
struct Pbkdf2 {
    int rounds;
    std::string_view salt;
    std::string key;
};

std::optional<Pbkdf2> parse_pbkdf2(std::string_view hash) {
    constexpr std::string_view prefix = "pbkdf2_sha256$";
    if (!hash.starts_with(prefix)) return std::nullopt;
    hash.remove_prefix(prefix.size());
    const auto first = hash.find('$');
    const auto second = hash.find('$', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto rounds = base::parse_number(hash.substr(0, first), 1, 2'000'000);
    if (!rounds) return std::nullopt;
    Pbkdf2 parts{*rounds, hash.substr(first + 1, second - first - 1), {}};
    if (parts.salt.empty()) return std::nullopt;
    auto key = base::from_base64(hash.substr(second + 1));
    if (!key || key->size() != 32) return std::nullopt;
    parts.key = *std::move(key);
    return parts;
}

bool pbkdf2_matches(const Pbkdf2& parts, std::string_view password) {
    std::string key(32, '\0');
    // HMAC pads its key with zeros, so a password with a NUL at its end would match like the password without
    // it.
    if (password.find('\0') != std::string_view::npos) return false;
    const int ok = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                     reinterpret_cast<const unsigned char*>(parts.salt.data()),
                                     static_cast<int>(parts.salt.size()), parts.rounds, EVP_sha256(), 32,
                                     reinterpret_cast<unsigned char*>(key.data()));
    if (ok != 1) throw std::bad_alloc();  // nothing else can fail
    return base::equal_in_constant_time(key, parts.key);
}

// A reason why a sign-in cannot use the hash; empty: it can.
std::string unbearable(const Argon2String& hash) {
    constexpr int max_kib = 262144, max_passes = 20, max_lanes = 16;
    const auto figure = [](const char* name, int value, const std::string& range) {
        return std::string(name) + " is " + std::to_string(value) + ", and must be " + range;
    };
    if (hash.kib < 8 || hash.kib > max_kib) return figure("m", hash.kib, "8 to 262144 (256 MiB)");
    if (hash.kib / 8 < hash.lanes) return figure("m", hash.kib, "at least eight times p");
    if (hash.passes < 1 || hash.passes > max_passes) return figure("t", hash.passes, "1 to 20");
    if (hash.lanes < 1 || hash.lanes > max_lanes) return figure("p", hash.lanes, "1 to 16");
    if (hash.salt.size() < 8 || hash.salt.size() > 64) return "the salt must have 8 to 64 bytes";
    if (hash.tag.size() < 16 || hash.tag.size() > 128) return "the tag must have 16 to 128 bytes";
    return "";
}

// Computes the hash anew and compares it. nullopt: libsodium has no function for these parameters.
std::optional<bool> recomputed_matches(const Argon2String& hash, std::string_view password) {
    const auto passes_from = hash.is_id ? crypto_pwhash_argon2id_OPSLIMIT_MIN
                                        : crypto_pwhash_argon2i_OPSLIMIT_MIN;
    if (hash.salt.size() != crypto_pwhash_SALTBYTES || hash.tag.size() < crypto_pwhash_BYTES_MIN ||
        hash.lanes != 1 || static_cast<unsigned>(hash.passes) < passes_from)
        return std::nullopt;
    std::string again(hash.tag.size(), '\0');
    if (crypto_pwhash(reinterpret_cast<unsigned char*>(again.data()), again.size(), password.data(),
                      password.size(), reinterpret_cast<const unsigned char*>(hash.salt.data()),
                      static_cast<unsigned long long>(hash.passes), static_cast<std::size_t>(hash.kib) * 1024,
                      hash.is_id ? crypto_pwhash_ALG_ARGON2ID13 : crypto_pwhash_ALG_ARGON2I13) != 0)
        throw std::bad_alloc();  // nothing else can fail
    return base::equal_in_constant_time(again, hash.tag);
}

bool can_allocate(std::size_t bytes) {
    void* volatile memory = std::malloc(bytes);
    const bool got = memory != nullptr;
    std::free(memory);
    return got;
}

}  // namespace

std::string hash_password(std::string_view password) {
    prepare_sodium();
    char out[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(out, password.data(), password.size(), passes, memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw std::bad_alloc();
    return out;
}

bool password_matches(std::string_view hash, std::string_view password) {
    if (password.size() > max_password_bytes) return false;
    if (!is_known_hash(hash)) return false;
    const std::string text(hash);
    if (is_bcrypt(hash)) return bcrypt_matches(text, password);
    if (const auto pbkdf2 = parse_pbkdf2(hash)) return pbkdf2_matches(*pbkdf2, password);
    prepare_sodium();
    const auto parts = parse_argon2(text);
    if (const auto same = recomputed_matches(*parts, password)) return *same;
    if (crypto_pwhash_str_verify(write_argon2(*parts).c_str(), password.data(), password.size()) == 0)
        return true;
    // libsodium does not tell a wrong password from memory that it cannot get
    // (findings/libsodium-no-memory-looks-like-a-wrong-password.sh).
    if (!can_allocate(static_cast<std::size_t>(parts->kib) * 1024)) throw std::bad_alloc();
    return false;
}

bool needs_rehash(std::string_view hash) {
    const auto argon2 = parse_argon2(hash);
    return !argon2 || !argon2->is_id || static_cast<unsigned long long>(argon2->passes) != passes ||
           static_cast<std::size_t>(argon2->kib) * 1024 != memory_bytes || argon2->lanes != 1;
}

bool is_known_hash(std::string_view hash) {
    if (hash.size() > max_hash_bytes) return false;
    if (is_bcrypt(hash)) return base::parse_number(hash.substr(4, 2), 4, 14).has_value();
    if (const auto argon2 = parse_argon2(hash)) return unbearable(*argon2).empty();
    return parse_pbkdf2(hash).has_value();
}

std::optional<std::string> importable_hash(std::string_view text, std::string& problem) {
    constexpr int most = 1 << 20;  // KiB times passes
    // Django puts its own name of the algorithm in front.
    for (const std::string_view name : {"argon2", "bcrypt$"})
        if (text.starts_with(std::string(name) + "$")) text.remove_prefix(name.size());
    if (text.starts_with("$argon2")) {
        const auto hash = parse_argon2(text);
        if (!hash)
            problem = "must be $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$TAG (or argon2i), without padding";
        else if (problem = unbearable(*hash); problem.empty() && hash->passes > most / hash->kib)
            problem = "m times t is " + std::to_string(std::int64_t{hash->kib} * hash->passes) +
                      ", and must be at most 1048576 (1 GiB), or sign-ins would delay others";
        return problem.empty() ? std::optional(write_argon2(*hash)) : std::nullopt;
    }
    if (is_bcrypt(text)) {
        if (!is_known_hash(text)) problem = "the cost of bcrypt must be 4 to 14";
    } else if (text.starts_with("pbkdf2_sha256$")) {
        if (!is_known_hash(text))
            problem = "must be pbkdf2_sha256$ROUNDS$SALT$BASE64 with at most 2000000 rounds and 32 bytes";
    } else {
        problem =
            "must be a hash by Argon2id, Argon2i, bcrypt (2a, 2b, 2y) or pbkdf2_sha256 as Django writes it";
    }
    return problem.empty() ? std::optional(std::string(text)) : std::nullopt;
}

const std::string& unmatchable_hash() {
    // A well-formed hash with a random tag. Making it costs no hash computation.
    static const std::string hash = write_argon2({.kib = static_cast<int>(memory_bytes / 1024),
                                                  .passes = static_cast<int>(passes),
                                                  .lanes = 1,
                                                  .salt = base::random_bytes(16),
                                                  .tag = base::random_bytes(32)});
    return hash;
}

}  // namespace coatcheck::crypto
