// SPDX-License-Identifier: Apache-2.0
// Signature keys, built on OpenSSL's EVP. Each key has exactly one algorithm, and no caller can choose
// another one (RFC 8725 §3.1).
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

// The names of RFC 7518 §3.1 and RFC 8037: "ES256", "RS256", "PS256", "EdDSA".
std::string_view name_of(Algorithm algorithm);
// Also reads "Ed25519" (RFC 9864), as EdDSA. Case matters. Returns nullopt for any other name.
std::optional<Algorithm> algorithm_named(std::string_view name);

// The least number of bits of an RSA key: of our own keys, and of another issuer's (NIST SP 800-131A: 2048).
inline constexpr int own_rsa_bits = 3072, foreign_rsa_bits = 2048;

// The public half of a key pair. Copies share one immutable key. Any thread may call any member.
class PublicKey {
public:
    // Make a key from the parameters of a JWK, as raw big-endian bytes. They return nullopt if a parameter
    // has a wrong length, if the point is not on the curve, if the RSA modulus has fewer than `min_bits` or
    // more than 8192 bits, or if the exponent is even, below 65537 or longer than 64 bits.
    static std::optional<PublicKey> from_ec_p256(std::string_view x, std::string_view y);
    static std::optional<PublicKey> from_ed25519(std::string_view x);
    static std::optional<PublicKey> from_rsa(Algorithm algorithm, std::string_view n, std::string_view e,
                                             int min_bits = own_rsa_bits);
    // Makes a key from a SubjectPublicKeyInfo in PEM (RFC 7468 §13), under the same conditions. Also returns
    // nullopt if it is a key for another algorithm.
    static std::optional<PublicKey> from_pem(Algorithm algorithm, std::string_view text,
                                             int min_bits = own_rsa_bits);

    Algorithm algorithm() const { return algorithm_; }
    // True if `signature` is this key's signature of `message`. For ES256 it is 64 bytes r||s (RFC 7518
    // §3.4). Throws std::runtime_error if it cannot be checked: false means that the signature is wrong.
    bool verify(std::string_view message, std::string_view signature) const;

    // A JWK parameter as raw bytes: x, y (EC), x (OKP), n, e (RSA). Throws if OpenSSL fails.
    std::string parameter(char name) const;

private:
    friend class SigningKey;
    PublicKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key);
    Algorithm algorithm_;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<evp_pkey_ctx_st> prepared_;
};

// The private half of a key pair. Any thread may sign.
class SigningKey {
public:
    // Makes a new key. RSA keys have 3072 bits. Throws if OpenSSL fails.
    static SigningKey generate(Algorithm algorithm);
    // Reads what to_pkcs8() wrote. Throws if the bytes are not a key of that algorithm.
    static SigningKey from_pkcs8(Algorithm algorithm, const base::Secret& der);
    // The private key as PKCS #8 in DER, not encrypted. Throws if OpenSSL fails.
    base::Secret to_pkcs8() const;

    Algorithm algorithm() const { return algorithm_; }
    PublicKey public_key() const { return PublicKey(algorithm_, key_); }
    // A signature that PublicKey::verify() accepts. Throws if OpenSSL fails.
    std::string sign(std::string_view message) const;

private:
    SigningKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key);
    Algorithm algorithm_;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<evp_pkey_ctx_st> prepared_;
};

}  // namespace coatcheck::crypto
