// SPDX-License-Identifier: Apache-2.0
#include "crypto/envelope_cipher.hpp"

#include <gtest/gtest.h>

namespace coatcheck::crypto {
namespace {

std::string bytes(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}
const base::Secret key(bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"));

TEST(EnvelopeCipher, ReadsPublishedVectors) {
    // The first block of NIST SP 800-38A F.2.6. The block with the PKCS #7 padding is missing, so decrypt()
    // refuses it.
    Encrypted cbc = encrypt(EnvelopeCipher::aes_256_cbc, key, bytes("6bc1bee22e409f96e93d7e117393172a"));
    cbc.iv = bytes("000102030405060708090a0b0c0d0e0f");
    cbc.value = bytes("f58c4c04d6e5f1ba779eabfb5f7bfbd6");
    EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_cbc, key, cbc), std::nullopt) << "there is no padding";
    // "The Galois/Counter Mode of Operation" (McGrew, Viega), test case 14: key, IV and plain text are zeros.
    const base::Secret zeros(std::string(32, '\0'));
    const Encrypted gcm{std::string(12, '\0'), bytes("cea7403d4d606b6e074ec5d3baf39d18"),
                        bytes("d0d1c8a799996bf0265b98b5d48ab919")};
    EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_gcm, zeros, gcm), std::string(16, '\0'));
}

TEST(EnvelopeCipher, GivesBackWhatWentInAndNothingTwiceAlike) {
    for (const auto cipher : {EnvelopeCipher::aes_256_cbc, EnvelopeCipher::aes_256_gcm})
        for (std::size_t size : {0, 1, 15, 16, 17, 1000}) {
            const std::string plain(size, 'x');
            const auto once = encrypt(cipher, key, plain), again = encrypt(cipher, key, plain);
            EXPECT_NE(once.iv, again.iv);
            if (size > 0) {
                EXPECT_NE(once.value, again.value);
            }
            EXPECT_EQ(decrypt(cipher, key, once), plain);
        }
    EXPECT_THROW(encrypt(EnvelopeCipher::aes_256_cbc, base::Secret("short"), "x"), std::runtime_error);
}

TEST(EnvelopeCipher, RefusesOtherKeysLengthsAndWhatWasAltered) {
    const base::Secret other(std::string(32, 'k'));
    const auto good = encrypt(EnvelopeCipher::aes_256_gcm, key, "hello");
    EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_gcm, other, good), std::nullopt);
    for (std::string Encrypted::*part : {&Encrypted::iv, &Encrypted::value, &Encrypted::tag})
        for (std::size_t i = 0; i < (good.*part).size(); ++i) {
            Encrypted altered = good;
            (altered.*part)[i] ^= 1;
            EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_gcm, key, altered), std::nullopt);
        }
    for (std::size_t size : {0U, 4U, 12U, 15U, 17U}) {
        Encrypted shorter = good;
        shorter.tag.resize(size);
        EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_gcm, key, shorter), std::nullopt)
            << "a tag of " << size << " bytes";
    }
    auto cbc = encrypt(EnvelopeCipher::aes_256_cbc, key, "hello");
    EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_gcm, key, cbc), std::nullopt);
    cbc.iv.pop_back();
    EXPECT_EQ(decrypt(EnvelopeCipher::aes_256_cbc, key, cbc), std::nullopt);
}

}  // namespace
}  // namespace coatcheck::crypto
