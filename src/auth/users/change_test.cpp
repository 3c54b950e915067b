// SPDX-License-Identifier: Apache-2.0
#include "auth/users/change.hpp"
#include "auth/users/names.hpp"
#include "auth/users/passwords.hpp"
#include "base/reason.hpp"

#include "store/memory/store.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using base::Reason;

TEST(Usernames, AreNormalisedAndCanBeRead) {
    EXPECT_EQ(*checked_username("Zoe\xcc\x88"), "Zo\xc3\xab");
    EXPECT_TRUE(checked_username("two words"));
    for (const char* bad : {"", " ada", "ada ", "ada\xe3\x80\x80",
                            "\xc2\xa0"
                            "ada",
                            "a@b", "a\nb",
                            "a\xe2\x80\xae"
                            "b",
                            "\xff"})
        EXPECT_FALSE(checked_username(bad)) << bad;
    EXPECT_TRUE(checked_username(std::string(64, 'a')));
    EXPECT_FALSE(checked_username(std::string(65, 'a')));
}

TEST(Addresses, HaveTwoSides) {
    EXPECT_TRUE(checked_email("ada@example.org"));
    for (const char* bad : {"", "@", "ada@", "@example.org", "a@b@c", "a b@c", "a@b\n"})
        EXPECT_FALSE(checked_email(bad)) << bad;
}

TEST(Passwords, AreCountedInCharacters) {
    EXPECT_EQ(checked_password("fourteen chars", 15, "ada").error().reason, Reason::password_too_short);
    EXPECT_TRUE(checked_password("f\xc3\xbcnfzehn Zeiche", 15, "ada"));
    EXPECT_FALSE(checked_password("f\xc3\xbcnfzehn Zeich", 15, "ada"));
    EXPECT_EQ(checked_password(std::string(600, 'a') + "bcdefgh", 15, "ada").error().reason,
              Reason::password_too_long);
}

TEST(Passwords, ThatGuessersTryFirstAreRefused) {
    for (const char* bad : {"passwordpassword", "PasswordPassword", "password2026!!!!", "123password123456",
                            "aaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "qwertyuiopasdfgh",
                            "012345678901234567", "abcdefghijklmnop", "dragon1234567890", "ada-lovelace1815",
                            "iloveyouiloveyou", "987654321098765432"})
        EXPECT_EQ(checked_password(bad, 15, "ada-lovelace").error().reason, Reason::password_too_common)
            << bad;
    for (const char* good : {"nine violet otters paint", "x9384759348573984a", "correct horse battery staple",
                             "zyz8a-56wzv-j8gg6", "purple monkey dishwasher"})
        EXPECT_TRUE(checked_password(good, 15, "ada-lovelace")) << good;
}

TEST(Accounts, AnIdThatIsGivenAgainStartsAboveWhatWasRevoked) {
    store::MemoryStore store([] { return base::from_unix_seconds(1'800'000'000); });
    store.run([](Store& s) {
        User ada;
        ada.id = "u1";
        ada.username = "ada";
        ASSERT_EQ(create_user(s, Policy{}, ada, "")->version, 1);
        ASSERT_TRUE(set_attributes(s, Policy{}, "u1", std::vector<std::string>{"editor"}, std::nullopt, ""));
        Session session;
        session.id = "s1";
        session.user = "u1";
        session.idle_end = session.absolute_end = session.access_end = s.now() + std::chrono::minutes(15);
        ASSERT_TRUE(s.insert_session(session, ""));
        ASSERT_TRUE(delete_user(s, Policy{}, "u1", ""));
        EXPECT_EQ(create_user(s, Policy{}, ada, "")->version, 3)
            << "tokens of version 2 stay revoked, and its own count";
    });
}

}  // namespace
}  // namespace coatcheck::auth
