// SPDX-License-Identifier: Apache-2.0
// Signature keys over OpenSSL's EVP. A key knows its one algorithm; no caller chooses another (RFC 8725
// §3.1).
#pragma once

#include "base/secret.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace coatcheck::crypto {

enum class Algorithm { es256, rs256, ps256, eddsa };

// RFC 7518 §3.1 and RFC 8037 names: "ES256", "RS256", "PS256", "EdDSA".
std::string_view name_of(Algorithm algorithm);
// "Ed25519" (RFC 9864) is read as EdDSA. Case matters.
std::optional<Algorithm> algorithm_named(std::string_view name);

// RSA keys of our own have this many bits, at least; another issuer's may have fewer (NIST SP 800-131A:
// 2048).
inline constexpr int own_rsa_bits = 3072, foreign_rsa_bits = 2048;

// The public half. Copies share one immutable key; any thread may verify.
class PublicKey {
public:
    // Parameters as raw big-endian bytes, as in a JWK. nullopt: not on the curve, RSA below `min_bits` or
    // above 8192 bits, an exponent that is even or below 65537, or the wrong length.
    static std::optional<PublicKey> from_ec_p256(std::string_view x, std::string_view y);
    static std::optional<PublicKey> from_ed25519(std::string_view x);
    static std::optional<PublicKey> from_rsa(Algorithm algorithm, std::string_view n, std::string_view e,
                                             int min_bits = own_rsa_bits);
    // A SubjectPublicKeyInfo in PEM (RFC 7468 §13), under the same conditions. nullopt: another kind of key
    // as well.
    static std::optional<PublicKey> from_pem(Algorithm algorithm, std::string_view text,
                                             int min_bits = own_rsa_bits);

    Algorithm algorithm() const { return algorithm_; }
    // True if `signature` is exactly this key's over `message`: ES256 as 64 bytes r||s (RFC 7518 §3.4).
    bool verify(std::string_view message, std::string_view signature) const;

    // JWK parameters, raw: x, y (EC), x (OKP), n, e (RSA).
    std::string parameter(char name) const;

private:
    friend class SigningKey;
    PublicKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key);
    Algorithm algorithm_;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<evp_pkey_ctx_st> prepared_;
};

// The private half. Any thread may sign.
class SigningKey {
public:
    // A fresh key; RSA keys have 3072 bits. Throws if OpenSSL fails.
    static SigningKey generate(Algorithm algorithm);
    // From to_pkcs8(); throws if the bytes are not a key of that algorithm.
    static SigningKey from_pkcs8(Algorithm algorithm, const base::Secret& der);
    base::Secret to_pkcs8() const;

    Algorithm algorithm() const { return algorithm_; }
    PublicKey public_key() const { return PublicKey(algorithm_, key_); }
    // Throws if OpenSSL fails.
    std::string sign(std::string_view message) const;

private:
    SigningKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key);
    Algorithm algorithm_;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<evp_pkey_ctx_st> prepared_;
};

}  // namespace coatcheck::crypto
