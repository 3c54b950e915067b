// SPDX-License-Identifier: Apache-2.0
// Rules for every algorithm: a key accepts its own signatures and no others.
#include "crypto/signing_key.hpp"

#include "base/bytes.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace coatcheck::crypto {
namespace {

using base::Secret;

const Algorithm all[] = {Algorithm::es256, Algorithm::rs256, Algorithm::ps256, Algorithm::eddsa};

// Making an RSA key takes long, so all tests share one key per algorithm.
const SigningKey& key_of(Algorithm algorithm) {
    static std::map<Algorithm, SigningKey> keys;
    auto row = keys.find(algorithm);
    if (row == keys.end()) row = keys.emplace(algorithm, SigningKey::generate(algorithm)).first;
    return row->second;
}

Secret pkcs8_of(EVP_PKEY* key) {
    PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key);
    unsigned char* der = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return Secret(std::move(bytes));
}

class EachAlgorithm : public testing::TestWithParam<Algorithm> {
protected:
    const SigningKey& key = key_of(GetParam());
    const PublicKey open = key.public_key();
};
INSTANTIATE_TEST_SUITE_P(SigningKey, EachAlgorithm, testing::ValuesIn(all),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_P(EachAlgorithm, BelievesItsOwnSignature) {
    for (const std::string& message :
         {std::string(), std::string("message"), std::string("a\0b", 3), std::string(100'000, 'x')})
        EXPECT_TRUE(open.verify(message, key.sign(message)));
    EXPECT_EQ(open.algorithm(), GetParam());
    EXPECT_EQ(key.algorithm(), GetParam());
}

TEST_P(EachAlgorithm, RefusesASignatureOfAnotherMessage) {
    const std::string signature = key.sign("message");
    for (std::string_view other : {"", "messag", "message ", "Message", "message\n"})
        EXPECT_FALSE(open.verify(other, signature)) << other;
}

TEST_P(EachAlgorithm, RefusesASignatureWithAnyByteChanged) {
    const std::string signature = key.sign("message");
    for (std::size_t i = 0; i < signature.size(); ++i) {
        std::string changed = signature;
        changed[i] = static_cast<char>(changed[i] ^ 1 << i % 8);
        ASSERT_FALSE(open.verify("message", changed)) << i;
    }
}

TEST_P(EachAlgorithm, RefusesASignatureOfAnotherLength) {
    const std::string signature = key.sign("message");
    for (std::size_t size = 0; size < signature.size(); ++size)
        ASSERT_FALSE(open.verify("message", signature.substr(0, size))) << size;
    EXPECT_FALSE(open.verify("message", signature + '\0'));
    EXPECT_FALSE(open.verify("message", '\0' + signature));
    EXPECT_FALSE(open.verify("message", signature + signature));
    EXPECT_FALSE(open.verify("message", std::string(signature.size(), '\0')));
    EXPECT_FALSE(open.verify("message", std::string(signature.size(), '\xff')));
}

TEST_P(EachAlgorithm, RefusesTheSignatureOfAnotherKey) {
    if (GetParam() == Algorithm::es256 || GetParam() == Algorithm::eddsa) {
        EXPECT_FALSE(open.verify("message", SigningKey::generate(GetParam()).sign("message")));
    }
    for (Algorithm other : all) {
        if (other == GetParam()) continue;
        EXPECT_FALSE(open.verify("message", key_of(other).sign("message"))) << name_of(other);
    }
}

TEST_P(EachAlgorithm, LoadsFromItsOwnPkcs8) {
    const SigningKey again = SigningKey::from_pkcs8(GetParam(), key.to_pkcs8());
    EXPECT_EQ(again.to_pkcs8(), key.to_pkcs8());
    EXPECT_TRUE(open.verify("message", again.sign("message")));
    EXPECT_TRUE(again.public_key().verify("message", key.sign("message")));
}

TEST_P(EachAlgorithm, DoesNotLoadAKeyOfAnotherKind) {
    const bool rsa = GetParam() == Algorithm::rs256 || GetParam() == Algorithm::ps256;
    for (Algorithm other : all) {
        const bool other_rsa = other == Algorithm::rs256 || other == Algorithm::ps256;
        if (other == GetParam() || (rsa && other_rsa)) continue;
        EXPECT_THROW(SigningKey::from_pkcs8(GetParam(), key_of(other).to_pkcs8()), std::runtime_error)
            << name_of(other);
    }
}

TEST_P(EachAlgorithm, DoesNotLoadWhatIsNoKey) {
    EXPECT_THROW(SigningKey::from_pkcs8(GetParam(), Secret()), std::runtime_error);
    EXPECT_THROW(SigningKey::from_pkcs8(GetParam(), Secret("not a key")), std::runtime_error);
    const Secret whole = key.to_pkcs8();
    const std::string_view der = whole.reveal();
    for (std::size_t size = 0; size < der.size(); size += 1 + der.size() / 12)
        EXPECT_THROW(SigningKey::from_pkcs8(GetParam(), Secret(std::string(der.substr(0, size)))),
                     std::runtime_error)
            << size;
}

TEST_P(EachAlgorithm, ConcurrentUseOfOneKeyIsSafe) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([this, t] {
            for (int i = 0; i < 5; ++i) {
                const std::string message = std::to_string(t * 100 + i);
                ASSERT_TRUE(open.verify(message, key.sign(message)));
                ASSERT_FALSE(open.verify(message + "x", key.sign(message)));
            }
        });
}

TEST(SigningKey, GeneratedKeysDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(seen.insert(SigningKey::generate(Algorithm::es256).public_key().parameter('x')).second);
        EXPECT_TRUE(seen.insert(SigningKey::generate(Algorithm::eddsa).public_key().parameter('x')).second);
    }
}

TEST(SigningKey, GeneratedRsaKeysHave3072Bits) {
    for (Algorithm algorithm : {Algorithm::rs256, Algorithm::ps256}) {
        EXPECT_EQ(key_of(algorithm).public_key().parameter('n').size(), 384u);
        EXPECT_EQ(key_of(algorithm).public_key().parameter('e'), std::string("\x01\x00\x01", 3));
    }
}

TEST(SigningKey, RsaKeyBelow3072BitsDoesNotLoad) {
    const Secret der = pkcs8_of(EVP_RSA_gen(2048));
    EXPECT_THROW(SigningKey::from_pkcs8(Algorithm::rs256, der), std::runtime_error);
    EXPECT_THROW(SigningKey::from_pkcs8(Algorithm::ps256, der), std::runtime_error);
}

TEST(SigningKey, KeyOfAnotherCurveDoesNotLoadAsEs256) {
    for (const char* curve : {"P-384", "P-521", "secp256k1", "brainpoolP256r1"}) {
        const Secret der = pkcs8_of(EVP_EC_gen(curve));
        EXPECT_THROW(SigningKey::from_pkcs8(Algorithm::es256, der), std::runtime_error) << curve;
    }
    const Secret der = pkcs8_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    EXPECT_THROW(SigningKey::from_pkcs8(Algorithm::eddsa, der), std::runtime_error);
}

TEST(SigningKey, OneRsaKeyUnderTwoAlgorithmsStillKeepsThemApart) {
    const SigningKey& pkcs1 = key_of(Algorithm::rs256);
    const SigningKey pss = SigningKey::from_pkcs8(Algorithm::ps256, pkcs1.to_pkcs8());
    EXPECT_FALSE(pss.public_key().verify("message", pkcs1.sign("message")));
    EXPECT_FALSE(pkcs1.public_key().verify("message", pss.sign("message")));
}

TEST(SigningKey, PssSaltIsFreshAndExactly32Bytes) {
    const SigningKey& key = key_of(Algorithm::ps256);
    EXPECT_NE(key.sign("message"), key.sign("message"));
    const Secret der = key.to_pkcs8();
    const auto* in = reinterpret_cast<const unsigned char*>(der.reveal().data());
    EVP_PKEY* raw = d2i_AutoPrivateKey(nullptr, &in, static_cast<long>(der.reveal().size()));
    for (int salt : {0, 20, 31, 32, 33, 48}) {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_PKEY_CTX* parameters = nullptr;
        std::string signature(384, '\0');
        std::size_t size = signature.size();
        ASSERT_EQ(EVP_DigestSignInit(context, &parameters, EVP_sha256(), nullptr, raw), 1);
        ASSERT_GT(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 0);
        ASSERT_GT(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt), 0);
        ASSERT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                                 reinterpret_cast<const unsigned char*>("message"), 7),
                  1);
        EVP_MD_CTX_free(context);
        EXPECT_EQ(key.public_key().verify("message", signature), salt == 32) << salt;
    }
    EVP_PKEY_free(raw);
}

TEST(Algorithm, NamesAreReadAsTheyAreWritten) {
    for (Algorithm algorithm : all) EXPECT_EQ(algorithm_named(name_of(algorithm)), algorithm);
    EXPECT_EQ(algorithm_named("Ed25519"), Algorithm::eddsa);  // RFC 9864
    EXPECT_EQ(name_of(Algorithm::eddsa), "EdDSA");
}

TEST(Algorithm, NoOtherNameIsKnown) {
    for (std::string_view name :
         {"",        "none",  "None",   "NONE",  "nOnE",    " none",   "none ", "es256", "ES256 ",
          " ES256",  "Es256", "ES256K", "ES384", "ES512",   "ES521",   "RS384", "RS512", "PS384",
          "PS512",   "rs256", "HS256",  "HS384", "HS512",   "hs256",   "EDDSA", "eddsa", "ed25519",
          "ED25519", "Ed448", "RSA1_5", "dir",   "A256GCM", "ECDH-ES", "ESB256"})
        EXPECT_FALSE(algorithm_named(name)) << name;
    EXPECT_FALSE(algorithm_named({"ES256\0", 6}));
}

}  // namespace
}  // namespace coatcheck::crypto
