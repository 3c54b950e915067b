// SPDX-License-Identifier: Apache-2.0
// Checks Wycheproof's signatures with PublicKey::verify().
#include "../tests/vectors/vectors.hpp"
#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>

namespace coatcheck::crypto {
namespace {

using vectors::from_hex;
using vectors::text;

// Reads a hexadecimal number as exactly `size` bytes: the file has some numbers with leading zeros and some
// without.
std::string number(std::string_view digits, std::size_t size) {
    std::string bytes = from_hex(digits.size() % 2 == 0 ? std::string(digits) : '0' + std::string(digits));
    while (bytes.size() > size && bytes.front() == '\0') bytes.erase(0, 1);
    return std::string(size - std::min(size, bytes.size()), '\0') + bytes;
}

// `key_of` makes the key of a group. If we refuse that key, it returns nullopt and gives the reason in `why`.
template <class KeyOf>
void run(const std::string& name, const std::filesystem::path& file, int expected, KeyOf key_of) {
    vectors::Tally tally("wycheproof " + name);
    const auto document = vectors::read_json(file);
    for (const auto& group : document.at("testGroups").as_array()) {
        std::string why;
        const std::optional<PublicKey> key = key_of(group, why);
        for (const auto& test : group.at("tests").as_array()) {
            const bool taken = key && key->verify(from_hex(text(test, "msg")), from_hex(text(test, "sig")));
            tally.judge(std::to_string(test.at("tcId").as_int64()), vectors::result_of(test), taken,
                        key ? "" : why);
        }
    }
    tally.report();
    EXPECT_EQ(tally.run(), document.at("numberOfTests").as_int64());
    EXPECT_GE(tally.run(), expected);  // a truncated file must not pass
}

TEST(SignatureVectors, EcdsaOfWycheproof) {
    const auto folder = vectors::find("wycheproof");
    if (!folder) GTEST_SKIP() << vectors::absent;
    const std::string name = "ecdsa_secp256r1_sha256_p1363";
    run(name, *folder / (name + "_test.json"), 250, [](const auto& group, std::string&) {
        const auto& key = group.at("publicKey");
        return PublicKey::from_ec_p256(number(text(key, "wx"), 32), number(text(key, "wy"), 32));
    });
}

TEST(SignatureVectors, Ed25519OfWycheproof) {
    const auto folder = vectors::find("wycheproof");
    if (!folder) GTEST_SKIP() << vectors::absent;
    run("ed25519", *folder / "ed25519_test.json", 150, [](const auto& group, std::string&) {
        return PublicKey::from_ed25519(from_hex(text(group.at("publicKey"), "pk")));
    });
}

TEST(SignatureVectors, RsaOfWycheproof) {
    const auto folder = vectors::find("wycheproof");
    if (!folder) GTEST_SKIP() << vectors::absent;
    const std::string name = "rsa_signature_3072_sha256";
    run(name, *folder / (name + "_test.json"), 250, [](const auto& group, std::string& why) {
        const auto& key = group.at("publicKey");
        const std::string e = from_hex(text(key, "publicExponent"));
        // RFC 7518 does not limit the exponent. We refuse a key with an exponent below 65537 (our own
        // security rule).
        if (e.size() < 3) why = "public exponent below 65537";
        return PublicKey::from_rsa(Algorithm::rs256, number(text(key, "modulus"), 384), e);
    });
}

}  // namespace
}  // namespace coatcheck::crypto
