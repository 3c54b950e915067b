// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.hpp"

#include "crypto/digest.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdexcept>

namespace coatcheck::crypto {
namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Key = std::shared_ptr<EVP_PKEY>;

constexpr int p256_bytes = 32;
// Verifying with a larger key costs more than a request is worth.
constexpr int max_rsa_bits = 8192;

[[noreturn]] void fail(const char* what) {
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    throw std::runtime_error(std::string("OpenSSL: ") + what + ": " + reason);
}

// What OpenSSL says of a signature that is wrong.
bool says_wrong_signature(unsigned long error) {
    if (ERR_GET_LIB(error) == ERR_LIB_EC)
        return ERR_GET_REASON(error) == EC_R_BAD_SIGNATURE || ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY;
    if (ERR_GET_LIB(error) != ERR_LIB_RSA) return false;
    switch (ERR_GET_REASON(error)) {
        case RSA_R_BAD_SIGNATURE:
        case RSA_R_WRONG_SIGNATURE_LENGTH:
        case RSA_R_DATA_TOO_LARGE:
        case RSA_R_DATA_TOO_LARGE_FOR_MODULUS:
        case RSA_R_DATA_GREATER_THAN_MOD_LEN:
        case RSA_R_FIRST_OCTET_INVALID:
        case RSA_R_LAST_OCTET_INVALID:
        case RSA_R_SLEN_CHECK_FAILED:
        case RSA_R_SLEN_RECOVERY_FAILED:
        case RSA_R_PADDING_CHECK_FAILED:
        case RSA_R_BLOCK_TYPE_IS_NOT_01:
        case RSA_R_BAD_FIXED_HEADER_DECRYPT:
        case RSA_R_BAD_PAD_BYTE_COUNT:
        case RSA_R_NULL_BEFORE_BLOCK_MISSING:
        case RSA_R_INVALID_PADDING: return true;
        default: return false;
    }
}

// True if a check that did not say yes could not be made, so that it says nothing about the signature. With
// PS256 OpenSSL does not report every failed allocation, but it always reports why a signature is wrong.
bool has_failed(int result, Algorithm algorithm) {
    bool is_fatal = false, is_explained = result == 0 && algorithm != Algorithm::ps256;
    for (unsigned long error; (error = ERR_get_error()) != 0;) {
        is_fatal = is_fatal || ERR_FATAL_ERROR(error);
        is_explained = is_explained || says_wrong_signature(error);
    }
    return is_fatal || !is_explained;
}

Key owned(EVP_PKEY* key) { return Key(key, EVP_PKEY_free); }
const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
Number number(std::string_view bytes) {
    return Number(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
}

// PS256: MGF1 with SHA-256 and a salt of exactly 32 bytes (RFC 7518 §3.5).
bool set_padding(EVP_PKEY_CTX* context, Algorithm algorithm) {
    if (algorithm != Algorithm::ps256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

// A context that is ready for a SHA-256 digest, made once for each key. Copying it saves OpenSSL's look-ups.
// Null for EdDSA, which signs the message itself and no digest.
std::shared_ptr<EVP_PKEY_CTX> prepared(Algorithm algorithm, const Key& key, int (*init)(EVP_PKEY_CTX*)) {
    if (algorithm == Algorithm::eddsa) return nullptr;
    std::shared_ptr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free);
    if (!context || init(context.get()) != 1 || !set_padding(context.get(), algorithm) ||
        EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1)
        fail("prepare a key");
    return context;
}

KeyContext copy_of(const std::shared_ptr<EVP_PKEY_CTX>& context) {
    KeyContext copy(EVP_PKEY_CTX_dup(context.get()));
    if (!copy) fail("copy a context");
    return copy;
}

// Converts r||s to DER. Returns an empty string if the length is wrong.
std::string der_from_raw(std::string_view raw) {
    if (raw.size() != 2 * p256_bytes) return {};
    EcdsaSignature parts(ECDSA_SIG_new());
    Number r = number(raw.substr(0, p256_bytes)), s = number(raw.substr(p256_bytes));
    if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) fail("read a signature");
    (void)r.release();
    (void)s.release();
    const int size = i2d_ECDSA_SIG(parts.get(), nullptr);
    if (size <= 0) fail("write a signature");
    std::string der(static_cast<std::size_t>(size), '\0');
    unsigned char* out = octets(der);
    if (i2d_ECDSA_SIG(parts.get(), &out) != size) fail("write a signature");
    return der;
}

std::string raw_ed25519(EVP_PKEY* key) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key, octets(raw), &size) != 1) fail("read Ed25519 key");
    return raw;
}

std::string raw_from_der(std::string_view der) {
    const unsigned char* in = octets(der);
    EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    if (!parts) fail("read ECDSA signature");
    std::string raw(2 * p256_bytes, '\0');
    if (BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), octets(raw), p256_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), octets(raw) + p256_bytes, p256_bytes) < 0)
        fail("write ECDSA signature");
    return raw;
}

template <class Build>
Key key_from(const char* type, Build build) {
    std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
    if (!builder || !build(builder.get())) fail("write key parameters");
    std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder.get()));
    KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) fail("prepare a key");
    EVP_PKEY* made = nullptr;
    ERR_clear_error();
    bool is_good = EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
    const Key key = owned(made);
    if (is_good) {
        KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
        if (!check) fail("prepare a key");
        is_good = EVP_PKEY_public_check(check.get()) == 1;
    }
    if (is_good) return key;
    for (unsigned long error; (error = ERR_get_error()) != 0;)
        if (ERR_FATAL_ERROR(error)) throw std::runtime_error("OpenSSL: cannot check a key");
    return {};
}

bool fits(Algorithm algorithm, EVP_PKEY* key) {
    switch (algorithm) {
        case Algorithm::es256: {
            char curve[32] = {};
            return EVP_PKEY_is_a(key, "EC") &&
                   EVP_PKEY_get_group_name(key, curve, sizeof curve, nullptr) == 1 &&
                   std::string_view(curve) == "prime256v1";
        }
        case Algorithm::eddsa: return EVP_PKEY_is_a(key, "ED25519");
        case Algorithm::rs256:
        case Algorithm::ps256: return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= own_rsa_bits;
    }
    return false;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::es256: return "ES256";
        case Algorithm::rs256: return "RS256";
        case Algorithm::ps256: return "PS256";
        case Algorithm::eddsa: return "EdDSA";
    }
    std::abort();
}

std::optional<Algorithm> algorithm_named(std::string_view name) {
    for (auto a : {Algorithm::es256, Algorithm::rs256, Algorithm::ps256, Algorithm::eddsa})
        if (name == name_of(a)) return a;
    if (name == "Ed25519") return Algorithm::eddsa;
    return std::nullopt;
}

std::optional<PublicKey> PublicKey::from_ec_p256(std::string_view x, std::string_view y) {
    if (x.size() != p256_bytes || y.size() != p256_bytes) return std::nullopt;
    std::string point = "\x04";
    point.append(x).append(y);
    Key key = key_from("EC", [&](OSSL_PARAM_BLD* b) {
        return OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
               OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
    });
    if (!key) return std::nullopt;
    return PublicKey(Algorithm::es256, std::move(key));
}

std::optional<PublicKey> PublicKey::from_ed25519(std::string_view x) {
    // OpenSSL accepts any 32 bytes. libsodium checks that they are a point of the right order.
    if (x.size() != 32 || crypto_core_ed25519_is_valid_point(octets(x)) != 1) return std::nullopt;
    Key key = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(x), x.size()));
    if (!key) return std::nullopt;
    return PublicKey(Algorithm::eddsa, std::move(key));
}

std::optional<PublicKey> PublicKey::from_rsa(Algorithm algorithm, std::string_view n, std::string_view e,
                                             int min_bits) {
    if (algorithm != Algorithm::rs256 && algorithm != Algorithm::ps256) return std::nullopt;
    Number modulus = number(n), exponent = number(e);
    if (!modulus || !exponent) fail("read an RSA key");
    const int bits = BN_num_bits(modulus.get());
    if (bits < min_bits || bits > max_rsa_bits) return std::nullopt;
    if (!BN_is_odd(exponent.get()) || BN_num_bits(exponent.get()) < 17 || BN_num_bits(exponent.get()) > 64)
        return std::nullopt;
    Key key = key_from("RSA", [&](OSSL_PARAM_BLD* b) {
        return OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
               OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
    });
    if (!key) return std::nullopt;
    return PublicKey(algorithm, std::move(key));
}

std::optional<PublicKey> PublicKey::from_pem(Algorithm algorithm, std::string_view text, int min_bits) {
    const std::unique_ptr<BIO, Freed<BIO_free>> source(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    EVP_PKEY* read = source ? PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr) : nullptr;
    ERR_clear_error();
    if (read == nullptr) return std::nullopt;
    const Key key = owned(read);
    // Make the key again from its parameters, so that the conditions for a key in a JWK hold here too.
    switch (algorithm) {
        case Algorithm::rs256:
        case Algorithm::ps256: {
            if (!EVP_PKEY_is_a(read, "RSA")) return std::nullopt;
            const PublicKey rsa(algorithm, key);
            return from_rsa(algorithm, rsa.parameter('n'), rsa.parameter('e'), min_bits);
        }
        case Algorithm::es256: {
            if (!fits(algorithm, read)) return std::nullopt;
            const PublicKey ec(algorithm, key);
            return from_ec_p256(ec.parameter('x'), ec.parameter('y'));
        }
        case Algorithm::eddsa: {
            if (!fits(algorithm, read)) return std::nullopt;
            return from_ed25519(PublicKey(algorithm, key).parameter('x'));
        }
    }
    return std::nullopt;
}

PublicKey::PublicKey(Algorithm algorithm, Key key)
    : algorithm_(algorithm),
      key_(std::move(key)),
      prepared_(prepared(algorithm_, key_, EVP_PKEY_verify_init)) {}

SigningKey::SigningKey(Algorithm algorithm, Key key)
    : algorithm_(algorithm),
      key_(std::move(key)),
      prepared_(prepared(algorithm_, key_, EVP_PKEY_sign_init)) {}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
    std::string der;
    if (algorithm_ == Algorithm::es256) {
        der = der_from_raw(signature);
        if (der.empty()) return false;
        signature = der;
    }
    // RFC 8017 §8.1.2, §8.2.2: an RSA signature is as long as the modulus.
    const bool is_rsa = algorithm_ == Algorithm::rs256 || algorithm_ == Algorithm::ps256;
    if (is_rsa && static_cast<int>(signature.size()) != EVP_PKEY_get_size(key_.get())) return false;
    int result = 0;
    ERR_clear_error();
    if (algorithm_ == Algorithm::eddsa) {
        Context context(EVP_MD_CTX_new());
        if (!context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1)
            fail("prepare to verify");
        result = EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                                  message.size());
        // Here OpenSSL reports neither. libsodium allocates nothing; it decides whether the "no" is one.
        if (result == 0 && signature.size() == crypto_sign_BYTES &&
            crypto_sign_verify_detached(octets(signature), octets(message), message.size(),
                                        octets(std::string_view(raw_ed25519(key_.get())))) == 0)
            result = -1;
    } else {
        const std::string digest = sha256(message);
        result = EVP_PKEY_verify(copy_of(prepared_).get(), octets(signature), signature.size(),
                                 octets(digest), digest.size());
    }
    // A failure of ours must not count as a forgery, which verifiers remember.
    if (result != 1 && has_failed(result, algorithm_))
        throw std::runtime_error("OpenSSL: cannot check a signature");
    ERR_clear_error();
    return result == 1;
}

std::string PublicKey::parameter(char name) const {
    if (algorithm_ == Algorithm::eddsa) return raw_ed25519(key_.get());
    const char* parameter = name == 'n'   ? OSSL_PKEY_PARAM_RSA_N
                            : name == 'e' ? OSSL_PKEY_PARAM_RSA_E
                            : name == 'x' ? OSSL_PKEY_PARAM_EC_PUB_X
                                          : OSSL_PKEY_PARAM_EC_PUB_Y;
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), parameter, &raw) != 1) fail("read key parameter");
    Number value(raw);
    const int size = algorithm_ == Algorithm::es256 ? p256_bytes : BN_num_bytes(value.get());
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (BN_bn2binpad(value.get(), octets(bytes), size) < 0) fail("write key parameter");
    return bytes;
}

SigningKey SigningKey::generate(Algorithm algorithm) {
    EVP_PKEY* key = nullptr;
    switch (algorithm) {
        case Algorithm::es256: key = EVP_EC_gen("P-256"); break;
        case Algorithm::eddsa: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
        case Algorithm::rs256:
        case Algorithm::ps256: key = EVP_RSA_gen(own_rsa_bits); break;
    }
    if (key == nullptr) fail("generate key");
    return SigningKey(algorithm, owned(key));
}

SigningKey SigningKey::from_pkcs8(Algorithm algorithm, const base::Secret& der) {
    const unsigned char* in = octets(der.reveal());
    Key key = owned(d2i_AutoPrivateKey(nullptr, &in, static_cast<long>(der.reveal().size())));
    if (!key) fail("read private key");
    if (!fits(algorithm, key.get()))
        throw std::runtime_error("the private key does not fit " + std::string(name_of(algorithm)));
    return SigningKey(algorithm, std::move(key));
}

base::Secret SigningKey::to_pkcs8() const {
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key_.get()));
    const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
    if (size <= 0) fail("write private key");
    std::string der(static_cast<std::size_t>(size), '\0');
    unsigned char* out = octets(der);
    if (i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out) != size) fail("write private key");
    return base::Secret(std::move(der));
}

std::string SigningKey::sign(std::string_view message) const {
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
    std::string signature(size, '\0');
    if (algorithm_ == Algorithm::eddsa) {
        Context context(EVP_MD_CTX_new());
        if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
            EVP_DigestSign(context.get(), octets(signature), &size, octets(message), message.size()) != 1)
            fail("sign");
    } else {
        const std::string digest = sha256(message);
        if (EVP_PKEY_sign(copy_of(prepared_).get(), octets(signature), &size, octets(digest),
                          digest.size()) != 1)
            fail("sign");
    }
    // Without memory, OpenSSL may report success and an enormous size
    // (findings/openssl-signs-four-gigabytes.sh).
    if (size > signature.size()) fail("write a signature");
    signature.resize(size);
    return algorithm_ == Algorithm::es256 ? raw_from_der(signature) : signature;
}

}  // namespace coatcheck::crypto
