// SPDX-License-Identifier: Apache-2.0
// Public keys from raw parameters: which parameters are refused as a key, and which signatures ES256 refuses.
#include "base/bytes.hpp"
#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>

namespace coatcheck::crypto {
namespace {

std::string bytes(std::string_view base64url) { return base::from_base64url(base64url).value(); }

std::string hex(std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        out.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
    return out;
}

// The field p and the order n of P-256 (FIPS 186-4, D.1.2.3).
const std::string p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
const std::string n = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const std::string zero(32, '\0'), one = std::string(31, '\0') + '\x01', most(32, '\xff');

// RFC 7515 appendix A.3.
const std::string rfc7515_x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
const std::string rfc7515_y = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");

// a - b, for big-endian numbers of one length with a >= b.
std::string minus(std::string a, const std::string& b) {
    int borrow = 0;
    for (std::size_t i = a.size(); i-- > 0;) {
        const int digit = static_cast<unsigned char>(a[i]) - static_cast<unsigned char>(b[i]) - borrow;
        borrow = digit < 0;
        a[i] = static_cast<char>(digit & 0xff);
    }
    return a;
}

std::string der_integer(std::string value) {
    while (value.size() > 1 && value[0] == 0 && static_cast<signed char>(value[1]) >= 0) value.erase(0, 1);
    if (static_cast<signed char>(value[0]) < 0) value.insert(0, 1, '\0');
    return std::string{'\x02', static_cast<char>(value.size())} + value;
}

std::string der(const std::string& raw) {
    const std::string body = der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
    return std::string{'\x30', static_cast<char>(body.size())} + body;
}

TEST(EcKey, BelievesTheExampleOfRfc7515) {
    const auto key = PublicKey::from_ec_p256(rfc7515_x, rfc7515_y);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->verify(
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")));
    EXPECT_EQ(key->parameter('x'), rfc7515_x);
    EXPECT_EQ(key->parameter('y'), rfc7515_y);
}

TEST(EcKey, PointOffTheCurveIsRefused) {
    for (std::size_t i = 0; i < 32; ++i) {
        std::string x = rfc7515_x, y = rfc7515_y;
        y[i] ^= 1;
        EXPECT_FALSE(PublicKey::from_ec_p256(rfc7515_x, y)) << i;
        x[i] ^= 1;
        EXPECT_FALSE(PublicKey::from_ec_p256(x, rfc7515_y)) << i;
    }
    EXPECT_FALSE(PublicKey::from_ec_p256(rfc7515_y, rfc7515_x));
    EXPECT_FALSE(PublicKey::from_ec_p256(zero, zero));
    EXPECT_FALSE(PublicKey::from_ec_p256(most, most));
    EXPECT_FALSE(PublicKey::from_ec_p256(p, p));
    EXPECT_TRUE(PublicKey::from_ec_p256(rfc7515_x, minus(p, rfc7515_y)));  // mirrored point: on the curve
}

TEST(EcKey, CoordinateBeyondTheFieldIsRefused) {
    // There is a point with x = 5 on the curve. x = p + 5 would be a second encoding of that point.
    const std::string x = std::string(31, '\0') + '\x05';
    const std::string y = hex("459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
    EXPECT_TRUE(PublicKey::from_ec_p256(x, y));
    EXPECT_FALSE(
        PublicKey::from_ec_p256(hex("ffffffff00000001000000000000000000000001000000000000000000000004"), y));
    EXPECT_FALSE(PublicKey::from_ec_p256(p, y));
}

TEST(EcKey, CoordinateOfAnotherLengthIsRefused) {
    EXPECT_FALSE(PublicKey::from_ec_p256("", ""));
    EXPECT_FALSE(PublicKey::from_ec_p256(rfc7515_x.substr(1), rfc7515_y));
    EXPECT_FALSE(PublicKey::from_ec_p256('\0' + rfc7515_x, rfc7515_y));
    EXPECT_FALSE(PublicKey::from_ec_p256(rfc7515_x, '\0' + rfc7515_y));
    EXPECT_FALSE(PublicKey::from_ec_p256(rfc7515_x + rfc7515_y, ""));
}

TEST(EcKey, CoordinatesKeepTheirLeadingZeros) {
    for (int i = 0; i < 20'000; ++i) {
        const PublicKey key = SigningKey::generate(Algorithm::es256).public_key();
        const std::string x = key.parameter('x'), y = key.parameter('y');
        ASSERT_EQ(x.size(), 32u);
        ASSERT_EQ(y.size(), 32u);
        if (x[0] != 0) continue;
        const auto again = PublicKey::from_ec_p256(x, y);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->parameter('x'), x);
        return;
    }
    FAIL() << "no such key among 20000";
}

TEST(Es256, SignatureIsAlways64Bytes) {
    const SigningKey key = SigningKey::generate(Algorithm::es256);
    for (int i = 0; i < 600; ++i) {  // one signature in 128 has a leading zero byte
        const std::string signature = key.sign(std::to_string(i));
        ASSERT_EQ(signature.size(), 64u);
        ASSERT_TRUE(key.public_key().verify(std::to_string(i), signature));
    }
}

TEST(Es256, DerSignatureIsRefused) {
    const SigningKey key = SigningKey::generate(Algorithm::es256);
    const std::string signature = key.sign("message");
    ASSERT_TRUE(key.public_key().verify("message", signature));
    EXPECT_FALSE(key.public_key().verify("message", der(signature)));
    EXPECT_FALSE(key.public_key().verify("message", std::string(der(signature)).substr(0, 64)));
    EXPECT_FALSE(key.public_key().verify("message", std::string(64, '\0') + signature));
}

TEST(Es256, NumbersOutsideOneToOrderAreRefused) {
    const SigningKey key = SigningKey::generate(Algorithm::es256);
    const std::string signature = key.sign("message"), r = signature.substr(0, 32), s = signature.substr(32);
    const PublicKey open = key.public_key();
    std::string above = n;
    above.back() = '\x52';
    for (const std::string& bad : {zero, n, above, p, most}) {
        EXPECT_FALSE(open.verify("message", bad + s));
        EXPECT_FALSE(open.verify("message", r + bad));
        EXPECT_FALSE(open.verify("message", bad + bad));
        EXPECT_FALSE(open.verify("", bad + bad));
        EXPECT_FALSE(open.verify("message", bad + one));
        EXPECT_FALSE(open.verify("message", one + bad));
    }
    EXPECT_FALSE(open.verify("message", one + one));
    EXPECT_FALSE(open.verify("message", minus(n, one) + minus(n, one)));
    EXPECT_FALSE(open.verify("message", s + r));
}

TEST(Es256, TheOtherHalfOfASignatureCountsToo) {
    // (r, n - s) is a valid signature too, because RFC 7518 does not require the lower s. So no code may rely
    // on a message having only one signature.
    const SigningKey key = SigningKey::generate(Algorithm::es256);
    const std::string signature = key.sign("message");
    const std::string mirrored = signature.substr(0, 32) + minus(n, signature.substr(32));
    EXPECT_TRUE(key.public_key().verify("message", mirrored));
    EXPECT_FALSE(
        key.public_key().verify("message", minus(n, signature.substr(0, 32)) + signature.substr(32)));
}

TEST(Ed25519Key, MakesAndBelievesTheExampleOfRfc8037) {
    const std::string pkcs8 = hex("302e020100300506032b657004220420") +
                              bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    const SigningKey key = SigningKey::from_pkcs8(Algorithm::eddsa, base::Secret(pkcs8));
    const std::string message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const std::string signature = bytes(
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    EXPECT_EQ(key.sign(message), signature);
    const auto open = PublicKey::from_ed25519(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    ASSERT_TRUE(open);
    EXPECT_TRUE(open->verify(message, signature));
    EXPECT_EQ(open->parameter('x'), key.public_key().parameter('x'));
}

TEST(Ed25519Key, AnotherLengthIsRefused) {
    for (std::size_t size : {0u, 31u, 33u, 64u})
        EXPECT_FALSE(PublicKey::from_ed25519(std::string(size, '\x09'))) << size;
}

TEST(Ed25519Key, BytesThatAreNoPointAreRefused) {
    std::string y(32, '\0');
    y[0] = 2;  // no point has y = 2
    EXPECT_FALSE(PublicKey::from_ed25519(y));
    EXPECT_FALSE(PublicKey::from_ed25519(std::string(32, '\xff')));  // y is larger than p
}

TEST(Ed25519Key, BytesThatAreNoPointBelieveNothing) {
    std::string y(32, '\0');
    y[0] = 2;
    const auto key = PublicKey::from_ed25519(y);
    if (!key) return;
    for (const std::string& signature : {std::string(64, '\0'), y + zero, zero + zero, one + zero})
        EXPECT_FALSE(key->verify("message", signature));
}

TEST(Ed25519, SecondSpellingOfSIsRefused) {
    // S + L would verify in a library that does not compare S with L (RFC 8032 §5.1.7).
    const SigningKey key = SigningKey::generate(Algorithm::eddsa);
    const std::string order = hex(
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");  // little-endian
    std::string signature = key.sign("message");
    int carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        const int digit = static_cast<unsigned char>(signature[32 + i]) +
                          static_cast<unsigned char>(order[i]) + carry;
        signature[32 + i] = static_cast<char>(digit & 0xff);
        carry = digit >> 8;
    }
    EXPECT_FALSE(key.public_key().verify("message", signature));
}

class RsaKey : public testing::Test {
protected:
    static const PublicKey& good() {
        static const PublicKey key = SigningKey::generate(Algorithm::rs256).public_key();
        return key;
    }
    const std::string modulus = good().parameter('n'), exponent = std::string("\x01\x00\x01", 3);
};

TEST_F(RsaKey, IsReadFromModulusAndExponent) {
    for (Algorithm algorithm : {Algorithm::rs256, Algorithm::ps256}) {
        const auto key = PublicKey::from_rsa(algorithm, modulus, exponent);
        ASSERT_TRUE(key);
        EXPECT_EQ(key->algorithm(), algorithm);
        EXPECT_EQ(key->parameter('n'), modulus);
        EXPECT_EQ(key->parameter('e'), exponent);
    }
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::es256, modulus, exponent));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::eddsa, modulus, exponent));
}

TEST_F(RsaKey, ModulusBelow3072BitsIsRefused) {
    std::string smaller = modulus;
    smaller[0] = static_cast<char>((smaller[0] & 0x7f) | 0x40);  // 3071 bits
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, smaller, exponent));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, modulus.substr(0, 256), exponent));
    EXPECT_FALSE(
        PublicKey::from_rsa(Algorithm::rs256, std::string(100, '\0') + modulus.substr(0, 256), exponent));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, "", exponent));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, "\x01", exponent));
}

TEST(PemKey, IsReadForItsOwnAlgorithmAlone) {
    // Made by: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout (and EC,
    // ED25519)
    const std::string rsa =
        "-----BEGIN PUBLIC KEY-----\n"
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxK4fQ9dHAt+0XvFC/X57\n"
        "K8/L2UhNBBdo1HYXP6fikUPrtKQZK0+ZzW+LDcJyCV7vmujEyp4DoD7uA2UUHBoW\n"
        "U+Q+75NgUrnU/P+cN8LP8xY3CF7xfKO9BZcnYE10JmONoj6YuV5PyhY1pjEhc93w\n"
        "PJz/VwAb1yHHnk2mbGmPURsFVG3oVIIuhKdUd748uvjN9rOnYocyy9VxhUU2C4M+\n"
        "UFjtpxImhhVOq9fO79rrNdirXnr6YoyHXhkCiW9LdoUpXoz+uEvQfzEJ/fBNzEoL\n"
        "lsl9vNfhy65wF5hOYVkrXDDL/ciedZ3FJ1EOrgxe10k/wSENOGyHJ6QDPS7i229l\n"
        "pQIDAQAB\n"
        "-----END PUBLIC KEY-----\n";
    const std::string ec =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbgfZAMgR6Si7kibuH+uz9I8iKYL0\n"
        "p23bCIOErz6Ap7wjRojosnvGGktZzDDcak9uM+d8AZKU4mY68A5Zz9kgSA==\n"
        "-----END PUBLIC KEY-----\n";
    const std::string ed =
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAbaMJXO04seLw2R+KzQ/3Ozjk62qorFUIust2CBTp8No=\n"
        "-----END PUBLIC KEY-----\n";
    const std::string p384 =
        "-----BEGIN PUBLIC KEY-----\n"
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEytgUvL2QCoomyuxELpy6LXgU7TDowxAa\n"
        "pvQ3Y6SVf/Dthf5EBxwryPapZF8K0kq9FyCXW3/YKq6bbGBPNWsn3mLCttbUuCGy\n"
        "+c1lyL6zkUIR4joNOelkRer1RGKAdoI9\n"
        "-----END PUBLIC KEY-----\n";
    EXPECT_TRUE(PublicKey::from_pem(Algorithm::rs256, rsa, foreign_rsa_bits));
    EXPECT_TRUE(PublicKey::from_pem(Algorithm::ps256, rsa, foreign_rsa_bits));
    EXPECT_FALSE(PublicKey::from_pem(Algorithm::rs256, rsa)) << "too small for one of ours";
    const auto small = PublicKey::from_pem(Algorithm::rs256, rsa, foreign_rsa_bits);
    EXPECT_TRUE(PublicKey::from_rsa(Algorithm::rs256, small->parameter('n'), small->parameter('e'),
                                    foreign_rsa_bits));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, small->parameter('n'), small->parameter('e')));
    EXPECT_FALSE(PublicKey::from_pem(Algorithm::rs256, rsa, foreign_rsa_bits + 1));
    EXPECT_TRUE(PublicKey::from_pem(Algorithm::es256, ec));
    EXPECT_TRUE(PublicKey::from_pem(Algorithm::eddsa, ed));
    for (const auto& [algorithm, text] :
         {std::pair{Algorithm::rs256, ec}, std::pair{Algorithm::es256, rsa}, std::pair{Algorithm::es256, ed},
          std::pair{Algorithm::eddsa, ec}, std::pair{Algorithm::es256, p384},
          std::pair{Algorithm::es256, ec.substr(0, ec.size() / 2)},
          std::pair{Algorithm::es256, std::string()},
          std::pair{Algorithm::es256, std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")}})
        EXPECT_FALSE(PublicKey::from_pem(algorithm, text, foreign_rsa_bits)) << name_of(algorithm) << "\n"
                                                                             << text;
}

TEST_F(RsaKey, ModulusAbove8192BitsIsRefused) {
    EXPECT_FALSE(
        PublicKey::from_rsa(Algorithm::rs256, '\x01' + std::string(1023, '\xa5') + '\x01', exponent));
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, std::string(100'000, '\xa5') + '\x01', exponent));
}

TEST_F(RsaKey, EvenModulusIsRefused) {
    std::string even = modulus;
    even.back() = static_cast<char>(even.back() & 0xfe);
    EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, even, exponent));
}

TEST_F(RsaKey, ExponentThatIsEvenOrSmallOrHugeIsRefused) {
    for (std::string_view digits : {"", "00", "01", "02", "03", "11", "ffff", "010000", "010002",
                                    "ffffffffffffffff01", "0100000000000000000001"})
        EXPECT_FALSE(PublicKey::from_rsa(Algorithm::rs256, modulus, hex(digits))) << digits;
    for (std::string_view digits : {"010001", "010003", "ffffffff", "ffffffffffffffff"})
        EXPECT_TRUE(PublicKey::from_rsa(Algorithm::rs256, modulus, hex(digits))) << digits;
}

}  // namespace
}  // namespace coatcheck::crypto
