// SPDX-License-Identifier: Apache-2.0
#include "auth/factors/password.hpp"

#include "crypto/password_hash.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

const base::Secret password("nine violet otters paint lanterns");

User with_hash(std::string hash) {
    User ada;
    ada.password_hash = std::move(hash);
    return ada;
}

TEST(PasswordProof, HoldsForTheRightPasswordOfAUserAlone) {
    const User ada = with_hash(crypto::hash_password(password.reveal()));
    EXPECT_TRUE(prove_by_password(ada, password).holds);
    EXPECT_TRUE(prove_by_password(ada, password).new_hash.empty());
    EXPECT_FALSE(prove_by_password(ada, base::Secret("")).holds);
    EXPECT_FALSE(prove_by_password(std::nullopt, password).holds);
}

TEST(PasswordProof, NamesItsMethod) {
    EXPECT_EQ(prove_by_password(std::nullopt, password).amr, std::vector<std::string>{"pwd"});
}

// An imported hash may have our own cost (issue 19, row 26).
TEST(PasswordProof, TriesAPasswordNormalisedAndAsTyped) {
    const base::Secret composed("caf\u00e9 au lait, two of them"), apart("cafe\u0301 au lait, two of them");
    const User ours = with_hash(crypto::hash_password(composed.reveal()));
    const User imported = with_hash(crypto::hash_password(apart.reveal()));
    for (const auto* typed : {&composed, &apart}) {
        EXPECT_TRUE(prove_by_password(ours, *typed).holds);
        EXPECT_TRUE(prove_by_password(ours, *typed).new_hash.empty());
    }
    const Proof proof = prove_by_password(imported, apart);
    EXPECT_TRUE(proof.holds);
    EXPECT_TRUE(crypto::password_matches(proof.new_hash, composed.reveal())) << "from now on it is ours";
    EXPECT_FALSE(prove_by_password(imported, composed).holds) << "nobody can guess how it was typed";
    EXPECT_TRUE(prove_by_password(imported, apart, true).new_hash.empty());
}

TEST(PasswordProof, ReplacesAnImportedHashOnlyIfItMatches) {
    // The hash of "Kk4DQuMMfZL9o" with cost 4.
    const User ada = with_hash("$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm");
    const Proof wrong = prove_by_password(ada, base::Secret("abc"));
    EXPECT_FALSE(wrong.holds);
    EXPECT_TRUE(wrong.new_hash.empty());
    const Proof right = prove_by_password(ada, base::Secret("Kk4DQuMMfZL9o"));
    EXPECT_TRUE(right.holds);
    EXPECT_TRUE(crypto::password_matches(right.new_hash, "Kk4DQuMMfZL9o"));
    const Proof withheld = prove_by_password(ada, base::Secret("Kk4DQuMMfZL9o"), true);
    EXPECT_FALSE(withheld.holds);
    EXPECT_TRUE(withheld.new_hash.empty()) << "the time of a second hash would tell";
}

}  // namespace
}  // namespace coatcheck::auth
