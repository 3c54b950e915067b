// SPDX-License-Identifier: Apache-2.0
#include "auth/accounts.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using base::Reason;

TEST(Usernames, AreNormalisedAndCanBeRead) {
    EXPECT_EQ(*checked_username("Zoe\xcc\x88"), "Zo\xc3\xab");
    EXPECT_TRUE(checked_username("two words"));
    for (const char* bad : {"", " ada", "ada ", "ada\xe3\x80\x80", "\xc2\xa0""ada", "a@b", "a\nb", "a\xe2\x80\xae""b", "\xff"}) EXPECT_FALSE(checked_username(bad)) << bad;
    EXPECT_TRUE(checked_username(std::string(64, 'a')));
    EXPECT_FALSE(checked_username(std::string(65, 'a')));
}

TEST(Addresses, HaveTwoSides) {
    EXPECT_TRUE(checked_email("ada@example.org"));
    for (const char* bad : {"", "@", "ada@", "@example.org", "a@b@c", "a b@c", "a@b\n"}) EXPECT_FALSE(checked_email(bad)) << bad;
}

TEST(Passwords, AreCountedInCharacters) {
    EXPECT_EQ(checked_password("fourteen chars", 15, "ada").error().reason, Reason::password_too_short);
    EXPECT_TRUE(checked_password("f\xc3\xbcnfzehn Zeiche", 15, "ada"));
    EXPECT_FALSE(checked_password("f\xc3\xbcnfzehn Zeich", 15, "ada"));
    EXPECT_EQ(checked_password(std::string(600, 'a') + "bcdefgh", 15, "ada").error().reason, Reason::password_too_long);
}

TEST(Passwords, ThatGuessersTryFirstAreRefused) {
    for (const char* bad : {"passwordpassword", "PasswordPassword", "password2026!!!!", "123password123456", "aaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc",
                            "qwertyuiopasdfgh", "012345678901234567", "abcdefghijklmnop", "dragon1234567890", "ada-lovelace1815", "iloveyouiloveyou",
                            "987654321098765432"})
        EXPECT_EQ(checked_password(bad, 15, "ada-lovelace").error().reason, Reason::password_too_common) << bad;
    for (const char* good : {"nine violet otters paint", "x9384759348573984a", "correct horse battery staple", "zyz8a-56wzv-j8gg6", "purple monkey dishwasher"})
        EXPECT_TRUE(checked_password(good, 15, "ada-lovelace")) << good;
}

}  // namespace
}  // namespace coatcheck::auth
