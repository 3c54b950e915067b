// SPDX-License-Identifier: Apache-2.0
// What every store promises about the sweeper (contract_test.cpp has the rest).
#include "store/places_for_tests.hpp"

#include <gtest/gtest.h>

namespace coatcheck::store {
namespace {

using auth::Rotation;
using auth::Session;
using namespace std::chrono_literals;

TEST_P(Contract, TheSweeperTakesWhatIsOverAndNothingElse) {
    add_ada();
    for (const char* id : {"s1", "s2", "s3"}) sign_in(id);
    run([](auth::Store& store) {
        store.end_session("s1");
        store.insert_revocation({verify::Revocation::Kind::session, "s1", 0, start + 15min});
        store.charge_bucket("k", 1s);
        store.append_audit({start, "sign_in", "u1", "s1", "", ""});
        EXPECT_EQ(store.sweep(100), 0U) << "nothing is over yet";
    });
    place->now += 2s;
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(1); }), 2U)
        << "the ended session and the bucket";
    place->now += 1h;
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(100); }), 1U) << "the revocation";
    EXPECT_EQ(run([](auth::Store& store) { return store.page_of_sessions({.user = "u1"}); }).size(), 2U);
    place->now += 100 * 24h;
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(1); }), 2U)
        << "one session of two, and the audit row";
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(100); }), 1U);
    EXPECT_TRUE(run([](auth::Store& store) { return store.list_audit(10); }).empty());
}

TEST_P(Contract, TheSweeperLeavesASessionThatIsUsedOn) {
    add_ada();
    sign_in("s1");
    sign_in("s2");
    const auto sweep = [&] { return run([](auth::Store& store) { return store.sweep(100); }); };
    const auto is_there = [&](const char* id) {
        return run([&](auth::Store& store) { return store.find_session(id).has_value(); });
    };
    EXPECT_EQ(sweep(), 0U);
    place->now += 100h;
    ASSERT_EQ(rotate(0).outcome, Rotation::Outcome::rotated);
    place->now += 100h;  // after the idle end that both had at first
    EXPECT_EQ(sweep(), 1U);
    EXPECT_TRUE(is_there("s1"));
    EXPECT_FALSE(is_there("s2"));
    ASSERT_EQ(rotate(1).outcome, Rotation::Outcome::rotated);
    EXPECT_EQ(sweep(), 0U);
    place->now += 169h;
    EXPECT_EQ(sweep(), 1U);
    EXPECT_FALSE(is_there("s1"));
}

TEST_P(Contract, MuchThatIsUsedOnDoesNotKeepTheSweeperFromTheRest) {
    add_ada();
    for (int number = 0; number < 8; ++number) sign_in("s" + std::to_string(number));
    place->now += 100h;
    for (int number = 0; number < 8; ++number)
        ASSERT_EQ(rotate(0, "s" + std::to_string(number)).outcome, Rotation::Outcome::rotated);
    place->now += 100h;  // after the end that they had at first: the sweeper looks at each and puts it off
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(run([](auth::Store& store) { return store.sweep(2); }),
                  std::string_view(GetParam()) == "memory" ? 0U : 2U)
            << "there is more";
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(2); }), 0U);
    run([](auth::Store& store) { store.end_session("s7"); });
    place->now += 1h;
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(2); }), 1U) << "the ended one";
    place->now += 200h;
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(run([](auth::Store& store) { return store.sweep(2); }), i < 3 ? 2U : 1U);
    EXPECT_EQ(run([](auth::Store& store) { return store.sweep(2); }), 0U);
}

TEST_P(Contract, WhoSweepsWhileThereIsMoreLeavesNothing) {
    add_ada();
    const auto name = [](int number) { return "s" + std::to_string(number); };
    for (int number = 0; number < 40; ++number) sign_in(name(number));
    place->now += 100h;
    for (int number = 0; number < 40; number += 2)
        ASSERT_EQ(rotate(0, name(number)).outcome, Rotation::Outcome::rotated);
    place->now += 100h;  // the others are idle
    int steps = 1;
    while (run([](auth::Store& store) { return store.sweep(8); }) >= 8 && steps < 20) ++steps;
    for (int number = 0; number < 40; ++number)
        EXPECT_EQ(run([&](auth::Store& store) { return store.find_session(name(number)).has_value(); }),
                  number % 2 == 0)
            << number << ", after " << steps << " steps";
}

TEST_P(Contract, ASessionIsKeptWhileTheOlderTokenLivesThatItWasExchangedFor) {
    add_ada();
    sign_in("s1");
    Session older = session("s2", "u1");
    older.older_end = place->now + 1000h;
    ASSERT_TRUE(run([&](auth::Store& store) { return store.insert_session(older, "hash of Ada"); }));
    place->now += 200h;  // both are idle
    run([](auth::Store& store) { store.sweep(100); });
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_session("s1"); }));
    ASSERT_TRUE(run([](auth::Store& store) { return store.find_session("s2"); }));
    EXPECT_EQ(run([](auth::Store& store) { return store.find_session("s2"); })->older_end, older.older_end);
    ASSERT_EQ(run([](auth::Store& store) { return store.end_sessions("u1", ""); }).size(), 1U)
        << "its token may live";
    place->now += 900h;
    run([](auth::Store& store) { store.sweep(100); });
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_session("s2"); }));
}

}  // namespace
}  // namespace coatcheck::store
