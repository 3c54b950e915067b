// SPDX-License-Identifier: Apache-2.0
#include "auth/limits.hpp"

#include "base/reason.hpp"
#include "store/memory/store.hpp"

#include <gtest/gtest.h>

namespace coatcheck::auth {
namespace {

using base::Reason;
using namespace std::chrono_literals;

class Limits : public testing::Test {
protected:
    Timestamp now = base::from_unix_seconds(1'800'000'000);
    store::MemoryStore store{[this] { return now; }};
    AttemptsInFlight in_flight;
    base::Secret mac_key{std::string(32, 'k')};

    template <class F>
    void step(F f) {
        store.run([&](Store& s) { f(s); });
    }
    Attempt attempt(const std::string& name, const std::string& address, bool known_address = false) {
        return {mark_of_login(mac_key, name), name, address, known_address};
    }
};

TEST_F(Limits, FourAttemptsAtATime) {
    std::vector<AttemptsInFlight::Slot> held;
    step([&](Store& s) {
        for (int i = 0; i < 4; ++i)
            held.push_back(*in_flight.enter(s, attempt("ada", "192.0.2." + std::to_string(i))));
        EXPECT_FALSE(in_flight.enter(s, attempt("ada", "192.0.2.9")));
        EXPECT_TRUE(in_flight.enter(s, attempt("bob", "192.0.2.9")));
        EXPECT_TRUE(in_flight.enter(s, attempt("ada", "192.0.2.9", true))) << "the owner's own address";
        held.pop_back();
        EXPECT_TRUE(in_flight.enter(s, attempt("ada", "192.0.2.9")));
    });
}

TEST_F(Limits, GuessesSentTogetherDoNotOutrunTheLimitOfTheirAddress) {
    std::vector<AttemptsInFlight::Slot> held;
    const auto attempt_at = [&](int i) { return attempt("name" + std::to_string(i), "192.0.2.1"); };
    step([&](Store& s) {
        for (int i = 0; i < 100; ++i) held.push_back(*in_flight.enter(s, attempt_at(i)));
        EXPECT_EQ(in_flight.enter(s, attempt_at(100)).error().reason, Reason::too_many_attempts);
        EXPECT_TRUE(in_flight.enter(s, attempt("name", "192.0.2.2")));
        for (int i = 0; i < 100; ++i) charge_failure(s, attempt_at(i));
        EXPECT_FALSE(in_flight.enter_sign_up(s, "192.0.2.1"));
    });
    held.clear();
    step([&](Store& s) {
        EXPECT_EQ(in_flight.enter(s, attempt_at(100)).error().reason, Reason::too_many_attempts);
    });
    now += 10s;
    step([&](Store& s) {
        held.push_back(*in_flight.enter(s, attempt_at(100)));
        EXPECT_FALSE(in_flight.enter(s, attempt_at(101))) << "one came back, and it is in flight";
    });
}

TEST_F(Limits, WhoLacksTheKeyCannotComputeWhichNamesShareARow) {
    const base::Secret other(std::string(32, 'o'));
    EXPECT_EQ(mark_of_login(mac_key, "ada"), mark_of_login(mac_key, "ada"));
    EXPECT_NE(mark_of_login(mac_key, "ada"), mark_of_login(other, "ada"));
    EXPECT_EQ(mark_of_login(mac_key, "ada").size(), 16U);
}

// Row 12 of the issue "Promises that hold": sign-ups that succeed had no limit.
TEST_F(Limits, FiftySignUpsFromOneAddressAndOneMoreEachMinute) {
    step([&](Store& s) {
        for (int i = 0; i < 50; ++i) {
            ASSERT_TRUE(in_flight.enter_sign_up(s, "192.0.2.1"));
            charge_sign_up(s, "192.0.2.1");
        }
        EXPECT_EQ(in_flight.enter_sign_up(s, "192.0.2.1").error().reason, Reason::too_many_attempts);
        EXPECT_TRUE(in_flight.enter_sign_up(s, "192.0.2.2"));
        EXPECT_TRUE(in_flight.enter(s, attempt("ada", "192.0.2.1"))) << "sign-ins are another matter";
    });
    now += 1min;
    step([&](Store& s) {
        const auto slot = in_flight.enter_sign_up(s, "192.0.2.1");
        ASSERT_TRUE(slot);
        EXPECT_FALSE(in_flight.enter_sign_up(s, "192.0.2.1")) << "the one that came back is in flight";
    });
}

// Row 13: a user could ask without limit which e-mail addresses are in use.
TEST_F(Limits, FiveAddressesThatSomebodyElseHasAndOneMoreInTenMinutes) {
    step([&](Store& s) {
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(check_taken(s, "u1"));
            charge_taken(s, "u1");
        }
        EXPECT_EQ(check_taken(s, "u1").error().reason, Reason::too_many_attempts);
        EXPECT_EQ(check_taken(s, "u1").error().retry_after, 600s);
        EXPECT_TRUE(check_taken(s, "u2"));
    });
    now += 10min;
    step([&](Store& s) { EXPECT_TRUE(check_taken(s, "u1")); });
}

}  // namespace
}  // namespace coatcheck::auth
