// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_hash.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/random.hpp"
#include "crypto/hash_memory.hpp"

#include <crypt.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>

namespace coatcheck::crypto {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = hash_memory_bytes;

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

// The costs and the lengths in $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<tag>.
struct Argon2 {
    int kib = 0, passes = 0, lanes = 0;
    std::size_t salt = 0, tag = 0;  // characters
};

std::optional<Argon2> parse_argon2(std::string_view hash) {
    Argon2 parts;
    int end = 0;
    const std::string text(hash);
    const auto costs = text.find("$m=");
    if (costs == std::string::npos ||
        std::sscanf(text.c_str() + costs, "$m=%9d,t=%9d,p=%9d$%n", &parts.kib, &parts.passes, &parts.lanes,
                    &end) != 3 ||
        end == 0)
        return std::nullopt;
    const auto rest = text.substr(costs + static_cast<std::size_t>(end));
    const auto dollar = rest.find('$');
    if (dollar == std::string::npos) return std::nullopt;
    parts.salt = dollar;
    parts.tag = rest.size() - dollar - 1;
    return parts;
}

// True if the costs are within the limits for a sign-in, and salt and tag are long enough: 8 and 12 bytes.
bool is_bearable(const Argon2& parts) {
    constexpr int max_kib = 262144, max_passes = 20, max_lanes = 16;
    return parts.salt >= 11 && parts.tag >= 16 && parts.kib >= 8 && parts.kib <= max_kib &&
           parts.passes >= 1 && parts.passes <= max_passes && parts.lanes >= 1 && parts.lanes <= max_lanes;
}

// Standard Base64 without padding, as PHC strings use it.
std::optional<std::string> from_phc_base64(std::string_view text) {
    std::string bytes(text.size(), '\0');
    std::size_t size = 0;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                          text.size(), nullptr, &size, nullptr,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return std::nullopt;
    bytes.resize(size);
    return bytes;
}

std::string phc_base64(std::string_view bytes) {
    std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      bytes.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    out.pop_back();
    return out;
}

// Computes the hash anew and compares it. nullopt: libsodium has no function for these parameters.
std::optional<bool> recomputed_matches(const Argon2& parts, std::string_view hash,
                                       std::string_view password) {
    const int variant = hash.starts_with("$argon2id$") ? crypto_pwhash_ALG_ARGON2ID13
                                                       : crypto_pwhash_ALG_ARGON2I13;
    const auto passes_from = variant == crypto_pwhash_ALG_ARGON2ID13 ? crypto_pwhash_argon2id_OPSLIMIT_MIN
                                                                     : crypto_pwhash_argon2i_OPSLIMIT_MIN;
    const auto tag_at = hash.rfind('$') + 1;
    const auto salt = from_phc_base64(hash.substr(tag_at - 1 - parts.salt, parts.salt));
    const auto tag = from_phc_base64(hash.substr(tag_at));
    if (!salt || !tag || salt->size() != crypto_pwhash_SALTBYTES || parts.lanes != 1 ||
        static_cast<unsigned>(parts.passes) < passes_from)
        return std::nullopt;
    std::string again(tag->size(), '\0');
    if (crypto_pwhash(reinterpret_cast<unsigned char*>(again.data()), again.size(), password.data(),
                      password.size(), reinterpret_cast<const unsigned char*>(salt->data()),
                      static_cast<unsigned long long>(parts.passes),
                      static_cast<std::size_t>(parts.kib) * 1024, variant) != 0)
        throw std::bad_alloc();  // nothing else can fail
    return base::equal_in_constant_time(again, *tag);
}

// 0: the hash has the costs of our own ones; 1: it has others; -1: it is malformed.
int compare_costs(std::string_view hash) {
    const std::string text(hash);
    errno = 0;
    const int result = crypto_pwhash_str_needs_rehash(text.c_str(), passes, memory_bytes);
    if (result < 0 && errno == ENOMEM) throw std::bad_alloc();
    return result;
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
    if (const auto same = recomputed_matches(*parts, text, password)) return *same;
    if (crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0) return true;
    // libsodium does not tell a wrong password from memory that it cannot get
    // (findings/libsodium-no-memory-looks-like-a-wrong-password.sh).
    if (!can_allocate(static_cast<std::size_t>(parts->kib) * 1024)) throw std::bad_alloc();
    return false;
}

bool needs_rehash(std::string_view hash) {
    return !hash.starts_with("$argon2id$") || compare_costs(hash) != 0;
}

bool is_known_hash(std::string_view hash) {
    if (hash.size() >= crypto_pwhash_STRBYTES * 2) return false;
    if (is_bcrypt(hash)) {
        return base::parse_number(std::string_view(hash).substr(4, 2), 4, 14).has_value();
    }
    if (hash.starts_with("$argon2id$") || hash.starts_with("$argon2i$")) {
        const auto argon2 = parse_argon2(hash);
        return hash.size() < crypto_pwhash_STRBYTES && argon2 && is_bearable(*argon2) &&
               compare_costs(hash) >= 0;
    }
    return parse_pbkdf2(hash).has_value();
}

bool is_importable_hash(std::string_view hash) {
    constexpr int most = 1 << 20;  // KiB times passes
    if (!is_known_hash(hash)) return false;
    const auto argon2 = hash.starts_with("$argon2") ? parse_argon2(hash) : std::nullopt;
    return !argon2 || argon2->passes <= most / argon2->kib;
}

const std::string& unmatchable_hash() {
    // A well-formed hash with a random tag. Making it costs no hash computation.
    static const std::string hash = "$argon2id$v=19$m=" + std::to_string(memory_bytes / 1024) +
                                    ",t=" + std::to_string(passes) + ",p=1$" +
                                    phc_base64(base::random_bytes(16)) + "$" +
                                    phc_base64(base::random_bytes(32));
    return hash;
}

}  // namespace coatcheck::crypto
