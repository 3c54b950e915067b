// SPDX-License-Identifier: Apache-2.0
// Checks each kind of password hash against published examples, and the limits on what checking a hash may
// cost.
#include "crypto/password_hash.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

namespace coatcheck::crypto {
namespace {

// Strings from the reference implementation's own tests: password "password", salt "somesalt".
const std::string argon2id_example =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const std::string argon2id_two_lanes =
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
const std::string argon2i_example =
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
// From Django's own test: password "lètmein".
const std::string django_example =
    "pbkdf2_sha256$260000$seasalt2$UCGMhrOoaq1ghQPArIBK5RkI6IZLRxlIwHWA1dMy7y8=";

TEST(HashPassword, MatchesItsPasswordAlone) {
    const std::string hash = hash_password("correct horse battery staple");
    EXPECT_TRUE(password_matches(hash, "correct horse battery staple"));
    for (std::string_view other :
         {"", "correct horse battery stapl", "correct horse battery staple ", "Correct horse battery staple"})
        EXPECT_FALSE(password_matches(hash, other)) << other;
}

// The stored form, or the problem.
std::string imported(std::string_view text) {
    std::string problem;
    return importable_hash(text, problem).value_or(problem);
}

TEST(HashPassword, IsArgon2idAtTodaysCost) {
    const std::string hash = hash_password("password");
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
    EXPECT_TRUE(is_known_hash(hash));
    EXPECT_FALSE(needs_rehash(hash));
}

TEST(HashPassword, SaltsEachHash) { EXPECT_NE(hash_password("password"), hash_password("password")); }

TEST(HashPassword, ReadsThePasswordToItsEnd) {
    const std::string with_nul("a\0b", 3);
    const std::string hash = hash_password(with_nul);
    EXPECT_TRUE(password_matches(hash, with_nul));
    EXPECT_FALSE(password_matches(hash, {"a\0c", 3}));
    EXPECT_FALSE(password_matches(hash, "a"));
    const std::string long_one(100, 'x');
    EXPECT_FALSE(password_matches(hash_password(long_one), long_one.substr(0, 99)));
}

TEST(HashPassword, TakesUpToTheLimitAndNothingLongerEverMatches) {
    const std::string longest(max_password_bytes, 'x');
    EXPECT_TRUE(password_matches(hash_password(longest), longest));
    const std::string longer(max_password_bytes + 1, 'x');
    EXPECT_FALSE(password_matches(hash_password(longer), longer));
}

TEST(Argon2, MatchesTheReferenceImplementation) {
    for (const auto& hash : {argon2id_example, argon2id_two_lanes, argon2i_example}) {
        EXPECT_TRUE(is_known_hash(hash)) << hash;
        EXPECT_TRUE(password_matches(hash, "password")) << hash;
        EXPECT_FALSE(password_matches(hash, "passworD")) << hash;
        EXPECT_TRUE(needs_rehash(hash)) << hash;
    }
}

TEST(Argon2, MatchesWhatLibsodiumWrites) {
    for (int kind : {crypto_pwhash_ALG_ARGON2I13, crypto_pwhash_ALG_ARGON2ID13}) {
        char hash[crypto_pwhash_STRBYTES];
        ASSERT_EQ(crypto_pwhash_str_alg(hash, "secret", 6, 3, 64 * 1024, kind), 0);
        EXPECT_TRUE(is_known_hash(hash));
        EXPECT_TRUE(password_matches(hash, "secret"));
        EXPECT_FALSE(password_matches(hash, "Secret"));
        EXPECT_TRUE(needs_rehash(hash));
    }
}

TEST(Argon2, CostBeyondTheBoundIsRefusedUnspent) {
    const std::string tail = "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    for (std::string_view costs :
         {"m=262145,t=2,p=1", "m=4194304,t=2,p=1", "m=4294967295,t=2,p=1", "m=256,t=21,p=1",
          "m=256,t=4294967295,p=1", "m=256,t=2,p=17", "m=256,t=0,p=1", "m=256,t=2,p=0", "m=4,t=2,p=1",
          "m=-1,t=2,p=1", "m=99999999999,t=2,p=1", "t=21,m=256,p=1", "m=256,t=2", "m= 256,t=2,p=1",
          "m=256,t=2,p=1,data=x"})
        for (std::string_view kind : {"$argon2id$v=19$", "$argon2i$v=19$"}) {
            const std::string hash = std::string(kind).append(costs).append(tail);
            EXPECT_FALSE(is_known_hash(hash)) << hash;
            EXPECT_FALSE(password_matches(hash, "password")) << hash;
        }
}

// Row 53 of the issue "Promises that hold": 256 MiB with 20 passes took 5 s for each sign-in.
TEST(Argon2, OnlyAHashOfBearableCostMayBeImported) {
    const auto hash = [](std::string_view costs) {
        return "$argon2id$v=19$" + std::string(costs) +
               "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    };
    for (std::string_view costs :
         {"m=19456,t=2,p=1", "m=65536,t=3,p=4", "m=65536,t=16,p=1", "m=262144,t=4,p=1"})
        EXPECT_EQ(imported(hash(costs)), hash(costs));
    for (std::string_view costs :
         {"m=65537,t=16,p=1", "m=65536,t=17,p=1", "m=262144,t=5,p=1", "m=262144,t=20,p=1"}) {
        EXPECT_NE(imported(hash(costs)).find("m times t is"), std::string::npos) << costs;
        EXPECT_TRUE(is_known_hash(hash(costs))) << "its user can still sign in";
    }
}

// Row 31 of the issue "A smooth ride".
TEST(Import, TakesEverySpellingOfOtherPrograms) {
    const std::string tail =
        "$MDEyMzQ1Njc4OWFiY2RlZg$"
        "EHFsE9izJxR2RbfzpXxvN9IDm5vsSa17YqQW676XuKovUSzZrQIWCT0bUVbVrmqi5dQUAnNwfNuKYWlKXsJUow";
    const std::string canonical = "$argon2id$v=19$m=256,t=2,p=1" + tail;
    for (const std::string& text : {canonical, "$argon2id$v=19$t=2,m=256,p=1" + tail,
                                    "$argon2id$v=19$p=1,t=2,m=256" + tail, "argon2" + canonical})
        EXPECT_EQ(imported(text), canonical) << text;
    EXPECT_TRUE(password_matches(canonical, "password"));  // a tag of 64 bytes
    EXPECT_FALSE(password_matches(canonical, "passwore"));
    EXPECT_TRUE(
        password_matches("$argon2id$v=19$m=256,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$plj3jPCebC1Hx5eooN7e/"
                         "LXApFSUFPp9vgZ9cMoYkC3WUN+yh6kAmeQ5CKYdVoeGrDNlqQUnk0nvFjsjujTCvA",
                         "password"));
    const std::string bcrypt = "$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    EXPECT_EQ(imported(bcrypt), bcrypt);
    EXPECT_EQ(imported("bcrypt$" + bcrypt), bcrypt);
}

TEST(Import, ARefusalSaysWhichFigureIsWrong) {
    const auto argon2 = [](const std::string& costs) {
        return imported("$argon2id$v=19$" + costs +
                        "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    };
    EXPECT_TRUE(argon2("m=262145,t=2,p=1").starts_with("m is 262145, and must be"));
    EXPECT_TRUE(argon2("t=21,p=1,m=256").starts_with("t is 21, and must be"));
    EXPECT_TRUE(argon2("m=256,t=2,p=17").starts_with("p is 17, and must be"));
    EXPECT_EQ(argon2("m=127,t=2,p=16"), "m is 127, and must be at least eight times p");
    EXPECT_EQ(imported("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2Rl"),
              "the tag must have 16 to 128 bytes");
    for (const char* costs :
         {"m=256,t=2", "m=256,t=2,p=1,p=1", "m=256,m=256,t=2", "m=256,t=2,p=1,", "m=256,t=2,x=1",
          "m=-1,t=2,p=1", "m=256,t=2,p=1,keyid=x", "m=1234567890,t=2,p=1", "m=0,t=1,p=1"})
        EXPECT_TRUE(argon2(costs).starts_with("must be $argon2id$")) << costs;
    EXPECT_NE(imported("$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").find("cost"),
              std::string::npos);
    EXPECT_NE(
        imported("pbkdf2_sha256$9999999$c2FsdA$f1DWjE/ORPgwJ/B8q8mr0qXGXsH4eOHXyTOLXalPKOE=").find("ROUNDS"),
        std::string::npos);
    EXPECT_NE(
        imported("bcrypt_sha256$$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").find("by"),
        std::string::npos);
    const std::string long_salt = "$argon2id$v=19$m=256,t=2,p=1$" + std::string(400, 'A') +
                                  "$MDEyMzQ1Njc4OWFiY2RlZg";
    EXPECT_EQ(imported(long_salt),
              "the salt must have 8 to 64 bytes");  // it could be stored, and not verified
    EXPECT_NE(imported("no hash").find("must be a hash by"), std::string::npos);
}

TEST(Argon2, DamagedHashIsUnknown) {
    for (std::string_view hash :
         {"$argon2id$", "$argon2id$v=19$m=256,t=2,p=1$", "$argon2id$v=19$m=256,t=2,p=1$$",
          "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
          "$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
          "$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
          "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"}) {
        EXPECT_FALSE(is_known_hash(hash)) << hash;
        EXPECT_FALSE(password_matches(hash, "password")) << hash;
        EXPECT_FALSE(password_matches(hash, "")) << hash;
    }
}

TEST(Argon2, NoCutOffHashMatches) {
    for (std::size_t size = 0; size < argon2id_example.size(); ++size)
        ASSERT_FALSE(password_matches(argon2id_example.substr(0, size), "password")) << size;
}

TEST(Bcrypt, MatchesThePublishedExamples) {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
        {"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
        {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
        {"$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"},
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""},
        {"$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3"},
        {"$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
        {"$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"}};
    for (const auto& [hash, password] : examples) {
        EXPECT_TRUE(is_known_hash(hash)) << hash;
        EXPECT_TRUE(password_matches(hash, password)) << hash;
        EXPECT_FALSE(password_matches(hash, std::string(password) + "x")) << hash;
        EXPECT_TRUE(needs_rehash(hash)) << hash;
    }
}

TEST(Bcrypt, PasswordThatItWouldCutAt72BytesNeverMatches) {
    const std::string hash = "$2b$05$abcdefghijklmnopqrstuucInKr3IboNwd.uyBCOF.k5jbgnj4BlS",
                      password = "0123456789012345678901234567890123456789012345678901234567890123456789ab";
    ASSERT_EQ(password.size(), 72u);
    EXPECT_TRUE(password_matches(hash, password));
    EXPECT_FALSE(password_matches(hash, password + "X"));  // bcrypt itself accepts this one
    EXPECT_FALSE(password_matches(hash, password.substr(0, 71)));
}

TEST(Bcrypt, PasswordThatItWouldCutAtNulNeverMatches) {
    const std::string_view hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    EXPECT_FALSE(password_matches(hash, {"U*U\0", 4}));
    EXPECT_FALSE(password_matches(hash, {"U*U\0more", 8}));
    EXPECT_FALSE(password_matches("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", {"\0", 1}));
}

TEST(Bcrypt, CostsOutsideFourToFourteenAreRefusedUnspent) {
    for (std::string_view cost : {"00", "03", "15", "20", "31", "99", "-5", "+5", " 5", "ab"}) {
        const std::string hash = "$2b$" + std::string(cost) +
                                 "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        EXPECT_FALSE(is_known_hash(hash)) << hash;
        EXPECT_FALSE(password_matches(hash, "U*U")) << hash;
    }
    for (std::string_view cost : {"04", "14"})
        EXPECT_TRUE(is_known_hash("$2b$" + std::string(cost) +
                                  "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(Bcrypt, DamagedHashDoesNotMatch) {
    const std::string hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for (std::size_t i = 0; i < hash.size(); ++i) {
        std::string damaged = hash;
        damaged[i] = damaged[i] == 'Z' ? 'Y' : 'Z';
        ASSERT_FALSE(password_matches(damaged, "U*U")) << damaged;
    }
    EXPECT_FALSE(password_matches(hash.substr(0, 59), "U*U"));
    EXPECT_FALSE(password_matches(hash + "W", "U*U"));
    // $2x$ marks a hash that an old bug made.
    EXPECT_FALSE(is_known_hash("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(DjangoPbkdf2, MatchesThePublishedExamples) {
    EXPECT_TRUE(password_matches(django_example, "l\u00e8tmein"));
    EXPECT_FALSE(password_matches(django_example, "letmein"));
    EXPECT_TRUE(needs_rehash(django_example));
    // The example of RFC 7914 §11, its first 32 bytes.
    EXPECT_TRUE(
        password_matches("pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=", "passwd"));
    EXPECT_TRUE(
        password_matches("pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw", "passwd"));
}

TEST(DjangoPbkdf2, NulNeverMatches) {
    const std::string_view hash = "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=";
    EXPECT_FALSE(password_matches(hash, {"passwd\0", 7}));  // HMAC pads it to the same key
    EXPECT_FALSE(password_matches(hash, {"pass\0wd", 7}));
}

TEST(DjangoPbkdf2, RoundsBeyondTheBoundAreRefusedUnspent) {
    const std::string tail = "$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=";
    EXPECT_TRUE(is_known_hash("pbkdf2_sha256$2000000" + tail));
    for (std::string_view rounds : {"2000001", "2147483647", "2147483648", "99999999999999999999", "0", "-1",
                                    "+1", " 1", "1 ", "1x", "", "0x1", "1e3"})
        EXPECT_FALSE(is_known_hash("pbkdf2_sha256$" + std::string(rounds) + tail)) << rounds;
}

TEST(DjangoPbkdf2, DamagedHashIsUnknown) {
    for (std::string_view hash :
         {"pbkdf2_sha256$", "pbkdf2_sha256$1", "pbkdf2_sha256$1$salt", "pbkdf2_sha256$1$salt$",
          "pbkdf2_sha256$1$$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=",
          "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrA==",
          "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLx=",
          "pbkdf2_sha1$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=",
          "PBKDF2_SHA256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw="}) {
        EXPECT_FALSE(is_known_hash(hash)) << hash;
        EXPECT_FALSE(password_matches(hash, "passwd")) << hash;
    }
}

TEST(PasswordMatches, NoOtherTextIsAHash) {
    for (std::string_view hash : {"", "password", "$", "$1$salt$hash", "$6$rounds=5000$salt$hash",
                                  "$scrypt$ln=17,r=8,p=1$c29tZXNhbHQ$aaaa", "*", "!", "x", "$5$salt$"})
        for (std::string_view password : {"", "password", "x", "*"}) {
            EXPECT_FALSE(is_known_hash(hash)) << hash;
            EXPECT_FALSE(password_matches(hash, password)) << hash;
        }
    EXPECT_FALSE(is_known_hash(std::string(100'000, '$')));
    EXPECT_FALSE(is_known_hash("$argon2id$" + std::string(100'000, '1')));
    EXPECT_FALSE(is_known_hash("pbkdf2_sha256$1$" + std::string(100'000, 's') +
                               "$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw="));
}

TEST(UnmatchableHash, CostsWhatAHashCostsAndMatchesNothing) {
    const std::string& hash = unmatchable_hash();
    EXPECT_EQ(&hash, &unmatchable_hash());
    EXPECT_TRUE(is_known_hash(hash));
    EXPECT_FALSE(needs_rehash(hash));  // it has the costs of hash_password()
    EXPECT_EQ(hash.size(), hash_password("x").size());
    for (std::string_view password : {"", "password", "unmatchable"})
        EXPECT_FALSE(password_matches(hash, password)) << password;
    EXPECT_FALSE(password_matches(hash, hash));
}

}  // namespace
}  // namespace coatcheck::crypto
