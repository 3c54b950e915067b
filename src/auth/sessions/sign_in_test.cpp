// SPDX-License-Identifier: Apache-2.0
// Tests of sign-in, its limits and the ends of sessions, on the store in memory and with a clock that the
// test sets.
#include "auth/keys/tokens.hpp"
#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"
#include "auth/users/change.hpp"
#include "auth/users/own_account.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"
#include "crypto/password_hash.hpp"
#include "store/memory/store.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using base::Reason;
using namespace std::chrono_literals;

const char* const password = "nine violet otters paint lanterns";
const std::string& good_hash() {
    static const std::string hash = crypto::hash_password(password);
    return hash;
}

class SigningIn : public testing::Test {
protected:
    Timestamp now = base::from_unix_seconds(1'800'000'000);
    store::MemoryStore store{[this] { return now; }};
    AttemptsInFlight in_flight;
    Policy policy;
    base::Secret mac_key{std::string(32, 'k')};

    SigningIn() {
        policy.issuer = policy.audience = "http://localhost:8080";
        step([](Store& s) {
            User ada;
            ada.id = "u1";
            ada.username = "Ada";
            ada.password_hash = good_hash();
            ASSERT_TRUE(create_user(s, Policy{}, ada, ""));
        });
    }
    template <class F>
    void step(F f) {
        store.run([&](Store& s) { f(s); });
    }
    base::Result<Granted> sign_in(const std::string& name, bool matches,
                                  const std::string& address = "192.0.2.1") {
        SignIn form;
        form.login = name;
        form.address = address;
        base::Result<Granted> out = base::Denied{Reason::internal_error};
        step([&](Store& s) {
            auto candidate = look_up(s, in_flight, mac_key, form);
            if (!candidate) {
                out = candidate.error();
                return;
            }
            out = open_session(s, policy, form, *candidate, {.holds = matches});
        });
        return out;
    }
    base::Result<Granted> refresh_with(const Granted& granted, std::uint32_t counter,
                                       const std::string& secret = "") {
        token::RefreshToken token;
        token.user = granted.user.id;
        token.session = granted.session.id;
        token.counter = counter;
        token.secret = secret.empty() ? granted.secret : secret;
        base::Result<Granted> out = base::Denied{Reason::internal_error};
        step([&](Store& s) {
            out = refresh(s, policy, token, rotation_of(policy, token, false), "192.0.2.1");
        });
        return out;
    }
    std::vector<verify::Revocation> revocations() {
        std::vector<verify::Revocation> out;
        step([&](Store& s) { out = s.load_revocations(); });
        return out;
    }
};

TEST_F(SigningIn, OpensASessionWithinItsLimits) {
    const auto granted = sign_in("aDA", true);
    ASSERT_TRUE(granted);
    EXPECT_EQ(granted->session.idle_end, now + 168h);
    EXPECT_EQ(granted->session.absolute_end, now + 720h);
    EXPECT_EQ(granted->access_end, now + 15min);
    EXPECT_EQ(granted->secret.size(), 16U);
}

TEST_F(SigningIn, TenFailuresFromOneAddressAreEnoughAndOneComesBackEachMinute) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in("ada", false).error().reason, Reason::invalid_credentials);
    const auto refused = sign_in("ada", true);
    EXPECT_EQ(refused.error().reason, Reason::too_many_attempts);
    EXPECT_GE(refused.error().retry_after, 1s);
    EXPECT_LE(refused.error().retry_after, 60s);
    EXPECT_TRUE(sign_in("ada", true, "192.0.2.2")) << "another address is not concerned";
    now += refused.error().retry_after;
    EXPECT_TRUE(sign_in("ada", true)) << "nobody is locked out for good";
}

TEST_F(SigningIn, UnknownNamesAreLimitedInTheSameWay) {
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(sign_in("nobody", false).error().reason, Reason::invalid_credentials);
    EXPECT_EQ(sign_in("nobody", false).error().reason, Reason::too_many_attempts);
}

TEST_F(SigningIn, SuccessesAreNotCounted) {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(sign_in("ada", true));
}

// Row 10 of the issue "Promises that hold": nothing bounded the sessions of one user.
TEST_F(SigningIn, OneSessionMoreThanAUserMayHaveEndsTheLeastRecentlyUsed) {
    policy.sessions_per_user = 3;
    std::vector<Granted> granted;
    for (int i = 0; i < 3; ++i) {
        granted.push_back(*sign_in("ada", true));
        now += 1min;
    }
    ASSERT_TRUE(refresh_with(granted[0], 0)) << "the first one is used again";
    now += 1min;
    ASSERT_TRUE(sign_in("ada", true));
    EXPECT_EQ(refresh_with(granted[1], 0).error().reason, Reason::session_ended);
    EXPECT_TRUE(refresh_with(granted[0], 1));
    EXPECT_TRUE(refresh_with(granted[2], 0));
    ASSERT_EQ(revocations().size(), 1U);
    EXPECT_EQ(revocations()[0].subject, granted[1].session.id);
}

TEST_F(SigningIn, EndingAllSessionsTakesOneRevocation) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(sign_in("ada", true));
    step([&](Store& s) { EXPECT_TRUE(end_sessions(s, policy, "u1", "", "session_ended", "")); });
    ASSERT_EQ(revocations().size(), 1U);
    EXPECT_EQ(revocations()[0].kind, verify::Revocation::Kind::user_revoked);
    EXPECT_EQ(revocations()[0].minimum, 2);
    EXPECT_EQ(sign_in("ada", true)->user.version, 2) << "tokens of a new session are not older";
}

TEST_F(SigningIn, AGuesserFromManyAddressesCannotShutTheOwnerOut) {
    ASSERT_TRUE(sign_in("ada", true, "198.51.100.7"));
    for (int i = 0; i < 60; ++i) (void)sign_in("ada", false, "203.0.113." + std::to_string(i));
    EXPECT_EQ(sign_in("ada", false, "203.0.113.200").error().reason, Reason::too_many_attempts);
    EXPECT_TRUE(sign_in("ada", true, "198.51.100.7")) << "an address with a live session of hers is known";
}

// Row 9: after ten failures as one name, other names that shared its row were limited only if no user had
// them.
TEST_F(SigningIn, TheLimitsThatShowGoByTheNameAsTyped) {
    step([&](Store& s) {
        auto ada = *s.find_user("u1");
        ada.email = "ada@example.com";
        ASSERT_TRUE(s.update_user(ada));
    });
    for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in("ada", false).error().reason, Reason::invalid_credentials);
    EXPECT_EQ(sign_in("ada", false).error().reason, Reason::too_many_attempts);
    EXPECT_EQ(sign_in("ada@example.com", false).error().reason, Reason::invalid_credentials)
        << "nobody learns that this is the same user";
}

TEST_F(SigningIn, TheLimitOfTheUserAnswersLikeAWrongPassword) {
    step([&](Store& s) {
        auto ada = *s.find_user("u1");
        ada.email = "ada@example.com";
        ASSERT_TRUE(s.update_user(ada));
    });
    const auto from = [](int i) { return "203.0.113." + std::to_string(i); };
    for (int i = 0; i < 30; ++i) (void)sign_in("ada", false, from(i));
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(sign_in("ada@example.com", false, from(i)).error().reason, Reason::invalid_credentials);
    EXPECT_EQ(sign_in("ada", true, from(99)).error().reason, Reason::invalid_credentials);
    now += 20min;
    EXPECT_TRUE(sign_in("ada", true, from(99)));
}

// Row 14: nothing bounded the failures in a row. NIST SP 800-63B-4 §3.2.2: at most 100.
TEST_F(SigningIn, AfterAHundredFailuresInARowOnlyAKnownAddressGetsIn) {
    const std::string home = "198.51.100.7";
    ASSERT_TRUE(sign_in("ada", true, home));
    const auto fail = [&](int times) {
        for (int i = 0; i < times; ++i) {
            now += 2min;
            EXPECT_EQ(sign_in("ada", false, "203.0.113." + std::to_string(i)).error().reason,
                      Reason::invalid_credentials);
        }
    };
    fail(99);
    ASSERT_TRUE(sign_in("ada", true)) << "a success ends the row";
    fail(100);
    now += 24h;
    EXPECT_EQ(sign_in("ada", true, "203.0.113.200").error().reason, Reason::invalid_credentials);
    EXPECT_TRUE(sign_in("ada", true, home)) << "strangers do not lock the owner out";
    EXPECT_TRUE(sign_in("ada", true, "203.0.113.200")) << "and the owner's success ends the row";
    fail(100);
    step([&](Store& s) { set_enabled(s, policy, "u1", true, ""); });
    EXPECT_TRUE(sign_in("ada", true, "203.0.113.200")) << "the operator's way back";
}

TEST_F(SigningIn, OneAddressThatTriesManyNamesIsStopped) {
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(sign_in("name" + std::to_string(i), false).error().reason, Reason::invalid_credentials);
    EXPECT_EQ(sign_in("another", false).error().reason, Reason::too_many_attempts);
}

TEST_F(SigningIn, AddressesOfOneIpv6NetworkCountTogether) {
    for (int i = 0; i < 10; ++i) (void)sign_in("ada", false, "2001:db8::" + std::to_string(i + 1));
    EXPECT_EQ(sign_in("ada", true, "2001:db8::ffff").error().reason, Reason::too_many_attempts);
    EXPECT_TRUE(sign_in("ada", true, "2001:db8:0:1::1"));
}

TEST_F(SigningIn, ADisableThatComesBetweenWins) {
    SignIn form;
    form.login = "ada";
    step([&](Store& s) {
        const auto candidate = look_up(s, in_flight, mac_key, form);
        set_enabled(s, policy, "u1", false, "");
        EXPECT_EQ(open_session(s, policy, form, *candidate, {.holds = true}).error().reason,
                  Reason::invalid_credentials);
    });
}

TEST_F(SigningIn, ReuseEndsTheSessionForEver) {
    const auto first = sign_in("ada", true);
    now += 1h;
    const auto second = refresh_with(*first, 0);
    ASSERT_TRUE(second);
    now += policy.grace;
    EXPECT_EQ(refresh_with(*first, 0).error().reason, Reason::refresh_token_reused);
    EXPECT_EQ(refresh_with(*first, 1).error().reason, Reason::session_ended);
    ASSERT_EQ(revocations().size(), 1U);
    EXPECT_EQ(revocations()[0].subject, first->session.id);
    EXPECT_EQ(revocations()[0].expires, second->access_end);
}

TEST_F(SigningIn, APasswordChangeEndsTheOthersAndRenewsThisOne) {
    const auto here = sign_in("ada", true), there = sign_in("ada", true);
    base::Result<Granted> renewed = base::Denied{Reason::internal_error};
    step([&](Store& s) {
        EXPECT_FALSE(set_password(s, policy, "u1", "not the hash", "new", here->session.id, ""));
        EXPECT_TRUE(set_password(s, policy, "u1", good_hash(), "new", here->session.id, ""));
        renewed = renew(s, policy, here->session.id);
    });
    ASSERT_TRUE(renewed);
    EXPECT_EQ(renewed->user.version, 2);
    EXPECT_NE(renewed->secret, here->secret);
    EXPECT_EQ(refresh_with(*there, 0).error().reason, Reason::session_ended);
    EXPECT_EQ(refresh_with(*here, 0).error().reason, Reason::session_ended) << "it may be a stolen copy";
    EXPECT_TRUE(refresh_with(*renewed, 0)) << "which ends nothing";
}

TEST_F(SigningIn, EnablingAgainRevivesNothing) {
    const auto granted = sign_in("ada", true);
    step([&](Store& s) {
        set_enabled(s, policy, "u1", false, "");
        set_enabled(s, policy, "u1", true, "");
    });
    EXPECT_EQ(refresh_with(*granted, 0).error().reason, Reason::session_ended);
    ASSERT_EQ(revocations().size(), 1U);
    EXPECT_EQ(revocations()[0].kind, verify::Revocation::Kind::user_revoked);
    EXPECT_GT(revocations()[0].minimum, granted->user.version);
    EXPECT_GT(sign_in("ada", true)->user.version, granted->user.version);
}

TEST_F(SigningIn, ARevocationLastsAsLongAsTheLastTokenOfARefreshThatRaced) {
    const auto granted = sign_in("ada", true);
    now += 10min;
    const auto later = refresh_with(*granted, 0);
    step([&](Store& s) {
        set_attributes(s, policy, "u1", std::vector<std::string>{"admin"}, std::nullopt, "");
    });
    EXPECT_GE(revocations()[0].expires, later->access_end);
    EXPECT_LE(revocations()[0].expires, later->access_end + 1min)
        << "and no longer than one step on another node may take";
    EXPECT_EQ(revocations()[0].kind, verify::Revocation::Kind::user_stale);
}

TEST_F(SigningIn, ARefreshWithinTheGraceWritesTheSameRefreshToken) {
    Ring ring;
    ring.current = std::make_shared<crypto::SigningKey>(
        crypto::SigningKey::generate(crypto::Algorithm::es256));
    ring.mac_key = std::make_shared<base::Secret>(std::string(32, 'k'));
    const auto first = sign_in("ada", true);
    now += 1h;
    const auto winner = refresh_with(*first, 0), loser = refresh_with(*first, 0);
    const auto a = mint_tokens(ring, policy, *winner, now), b = mint_tokens(ring, policy, *loser, now);
    EXPECT_EQ(a.refresh, b.refresh);
    EXPECT_NE(a.access, b.access);
    EXPECT_LT(a.access.size(), 700U);
}

// While a change of the own account waited for the hash of its password, another request ended the session,
// changed the password or disabled the user: that one wins. (A change of the address or a deletion took
// effect all the same.)
class OwnChange : public SigningIn {
protected:
    token::AccessClaims claims;
    std::string confirmed;

    void SetUp() override {
        const auto granted = sign_in("ada", true);
        ASSERT_TRUE(granted);
        claims.subject = granted->user.id;
        claims.session = granted->session.id;
        confirmed = granted->user.password_hash;
    }
    void expect_refused(Reason reason) {
        step([&](Store& s) {
            const auto changed = set_own_email(s, claims, confirmed, "new@example.com", "192.0.2.1");
            ASSERT_FALSE(changed);
            EXPECT_EQ(changed.error().reason, reason);
            const auto deleted = delete_own_account(s, policy, claims, confirmed, "192.0.2.1");
            ASSERT_FALSE(deleted);
            EXPECT_EQ(deleted.error().reason, reason);
            EXPECT_EQ(s.find_user(claims.subject)->email, std::nullopt);
        });
    }
};

TEST_F(OwnChange, TakesEffectIfNothingCameBetween) {
    step([&](Store& s) {
        EXPECT_TRUE(set_own_email(s, claims, confirmed, "new@example.com", "192.0.2.1"));
        EXPECT_TRUE(delete_own_account(s, policy, claims, confirmed, "192.0.2.1"));
        EXPECT_FALSE(s.find_user(claims.subject));
    });
}

TEST_F(OwnChange, CanBeConfirmedWhileStrangersGuess) {
    for (int i = 0; i < 120; ++i) {
        now += 2min;
        (void)sign_in("ada", false, "203.0.113." + std::to_string(i));
    }
    EXPECT_EQ(sign_in("ada", true, "203.0.113.200").error().reason, Reason::invalid_credentials);
    claims.username = "ada";
    step([&](Store& s) {
        const auto candidate = begin_confirmation(s, in_flight, mac_key, claims, "203.0.113.201");
        ASSERT_TRUE(candidate);
        EXPECT_FALSE(candidate->attempt.withheld)
            << "the session shows that this is the owner, wherever it is";
    });
}

TEST_F(OwnChange, IsRefusedOnceItsSessionHasEnded) {
    step([&](Store& s) { end_session(s, claims.session, "sign_out", "192.0.2.1"); });
    expect_refused(Reason::session_ended);
}

TEST_F(OwnChange, IsRefusedOnceItsUserIsDisabled) {
    step([&](Store& s) { set_enabled(s, policy, claims.subject, false, "192.0.2.1"); });
    expect_refused(Reason::session_ended);
}

TEST_F(OwnChange, IsRefusedIfThePasswordIsNoLongerTheConfirmedOne) {
    confirmed = "the hash of the password before";
    expect_refused(Reason::invalid_credentials);
}

}  // namespace
}  // namespace coatcheck::auth
