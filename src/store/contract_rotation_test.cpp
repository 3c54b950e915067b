// SPDX-License-Identifier: Apache-2.0
// The promises of every store about the rotation of refresh tokens (contract_test.cpp has the rest).
#include "store/places_for_tests.hpp"

#include <gtest/gtest.h>

namespace coatcheck::store {
namespace {

using auth::Rotation;
using auth::Session;
using auth::User;
using namespace std::chrono_literals;

TEST_P(Contract, TheCurrentTokenRotatesAndMovesTheIdleEnd) {
    add_ada();
    sign_in();
    place->now += 1h;
    const Rotation first = rotate(0);
    EXPECT_EQ(first.outcome, Rotation::Outcome::rotated);
    EXPECT_EQ(first.session.counter, 1U);
    EXPECT_EQ(first.session.idle_end, start + 1h + 168h);
    EXPECT_EQ(first.session.access_end, start + 1h + 15min);
    EXPECT_EQ(first.session.last_used, start + 1h);
    EXPECT_EQ(first.session.amr, (std::vector<std::string>{"pwd", "otp"}));
    EXPECT_EQ(first.user.username, "Ada");
}

TEST_P(Contract, ASupersededTokenIsRepeatedWithinTheGraceAndReusedAfterIt) {
    add_ada();
    sign_in();
    place->now += 1h;
    rotate(0);
    place->now += grace - 1ms;
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::repeated);
    place->now += 1ms;
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::reused);
}

// An unchanged row proves that nobody got the token from a repeat (store/postgres/unanswered.hpp).
TEST_P(Contract, ARepeatChangesTheRow) {
    add_ada();
    sign_in();
    place->now += 1h;
    const Rotation first = rotate(0);
    const Rotation again = rotate(0);
    EXPECT_EQ(again.outcome, Rotation::Outcome::repeated);
    EXPECT_GT(again.session.last_used, first.session.last_used) << "even in the same millisecond";
    place->now += 10s;
    const Rotation later = rotate(0);
    EXPECT_GE(later.session.last_used, place->now);
    EXPECT_GE(later.session.access_end, place->now + 15min);
    EXPECT_EQ(later.session.rotated, first.session.rotated) << "the grace does not begin anew";
}

TEST_P(Contract, EveryGenerationCountsFromItsOwnSuperseding) {
    add_ada();
    sign_in();
    place->now += 1h;
    rotate(0);
    place->now += 20s;
    rotate(1);
    place->now += 9s;
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::repeated) << "superseded 29 s ago, two generations back";
    place->now += 1s;
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::reused);
    EXPECT_EQ(rotate(1).outcome, Rotation::Outcome::repeated);
}

TEST_P(Contract, AFifthRotationWithinTheGraceGetsTheCurrentToken) {
    add_ada();
    sign_in();
    place->now += 1h;
    for (std::uint32_t counter = 0; counter < auth::rotations_per_grace; ++counter)
        EXPECT_EQ(rotate(counter).outcome, Rotation::Outcome::rotated);
    const Rotation fifth = rotate(4);
    EXPECT_EQ(fifth.outcome, Rotation::Outcome::repeated);
    EXPECT_EQ(fifth.session.counter, 4U);
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::repeated) << "four generations back";
    place->now += grace;
    EXPECT_EQ(rotate(4).outcome, Rotation::Outcome::rotated);
}

TEST_P(Contract, ACounterAheadOfItsRowIsReused) {
    add_ada();
    sign_in();
    EXPECT_EQ(rotate(1).outcome, Rotation::Outcome::reused);
    EXPECT_EQ(rotate(0xffffffff).outcome, Rotation::Outcome::reused);
}

TEST_P(Contract, AnotherSecretOrUserFindsNoSession) {
    add_ada();
    sign_in();
    for (const auth::RotateRequest& request :
         {auth::RotateRequest{"s1", "u1", "another", 0, grace, 168h, 15min},
          auth::RotateRequest{"s1", "u2", "secret hash of s1", 0, grace, 168h, 15min},
          auth::RotateRequest{"s1", "u1", "", 0, grace, 168h, 15min},
          auth::RotateRequest{"s2", "u1", "secret hash of s1", 0, grace, 168h, 15min}})
        EXPECT_EQ(run([&](auth::Store& store) { return store.rotate_refresh(request); }).outcome,
                  Rotation::Outcome::ended);
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::rotated);
}

TEST_P(Contract, WhatIsDeliveredInBodiesIsNotTakenAsACookie) {
    add_ada();
    auth::Session in_bodies = session("s1", "u1");
    in_bodies.delivery = auth::Delivery::body;
    run([&](auth::Store& store) { return store.insert_session(in_bodies, "hash of Ada"); });
    const auto outcome = [&](std::uint32_t counter, bool by_cookie) {
        const auth::RotateRequest request{"s1",  "u1",     "secret hash of s1", counter, grace, 168h,
                                          15min, by_cookie};
        return run([&](auth::Store& store) { return store.rotate_refresh(request); }).outcome;
    };
    EXPECT_EQ(outcome(0, true), Rotation::Outcome::misplaced);
    EXPECT_EQ(outcome(7, true), Rotation::Outcome::misplaced) << "and it ends nothing";
    EXPECT_EQ(outcome(0, false), Rotation::Outcome::rotated);
    EXPECT_EQ(outcome(0, true), Rotation::Outcome::misplaced);
}

TEST_P(Contract, RotationNeverExtendsTheAbsoluteEnd) {
    add_ada();
    sign_in();
    for (std::uint32_t day = 0; day < 29; ++day) {
        place->now += 24h;
        ASSERT_EQ(rotate(day).outcome, Rotation::Outcome::rotated);
    }
    EXPECT_EQ(run([](auth::Store& store) { return store.find_session("s1"); })->idle_end, start + 720h);
    place->now = start + 720h - 1s;
    EXPECT_EQ(rotate(29).session.access_end, start + 720h);
    place->now = start + 720h;
    EXPECT_EQ(rotate(30).outcome, Rotation::Outcome::ended);
}

TEST_P(Contract, AnIdleSessionEnds) {
    add_ada();
    sign_in();
    place->now += 168h;
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::ended);
    EXPECT_TRUE(run([](auth::Store& store) { return store.page_of_sessions({.user = "u1"}); }).empty());
}

TEST_P(Contract, ADisabledUserRotatesNothing) {
    add_ada();
    sign_in();
    run([](auth::Store& store) {
        User ada = *store.find_user("u1");
        ada.enabled = false;
        (void)store.update_user(ada);
    });
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::ended);
}

// Issue 18, row 3: within the grace, the earlier secret got the current token.
TEST_P(Contract, ARenewedSecretMakesTheEarlierOneUnknownAtOnceAndEndsNothing) {
    add_ada();
    sign_in();
    place->now += 1h;
    rotate(0);
    run([](auth::Store& store) { store.renew_secret("s1", "a new hash"); });
    for (const std::uint32_t counter : {0U, 1U, 2U, 7U})
        EXPECT_EQ(rotate(counter).outcome, Rotation::Outcome::ended) << counter;
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_session("s1"); })->ended);
}

}  // namespace
}  // namespace coatcheck::store
