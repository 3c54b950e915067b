// SPDX-License-Identifier: Apache-2.0
// The promises of every store, tested on each of them: in memory, on SQLite and on PostgreSQL. Those about
// rotation and about the sweeper have files of their own.
#include "base/reason.hpp"
#include "store/places_for_tests.hpp"

#include <gtest/gtest.h>

namespace coatcheck::store {
namespace {

using auth::Rotation;
using auth::Session;
using auth::User;
using base::Timestamp;
using namespace std::chrono_literals;

TEST_P(Contract, UsersAreFoundAPageAtATimeByTheBeginningOfTheirNameOrAddress) {
    run([&](auth::Store& store) {
        for (const char* name : {"Bob", "ada", "bobby", "eve", "\xc3\x84nne"}) {
            User someone = user(std::string("id of ") + name, name);
            if (someone.username == "eve") someone.email = "BOB@example.org";
            ASSERT_TRUE(store.insert_user(someone));
        }
    });
    const auto names = [&](const auth::UserPage& page) {
        std::string out;
        for (const auto& one : run([&](auth::Store& store) { return store.list_users(page); }))
            out += one.username + " ";
        return out;
    };
    EXPECT_EQ(names({}), "ada Bob bobby eve \xc3\x84nne ");
    EXPECT_EQ(names({.limit = 2}), "ada Bob ");
    EXPECT_EQ(names({.limit = 2, .after = "bob"}), "bobby eve ");
    EXPECT_EQ(names({.after = "\xc3\xa4nne"}), "");
    EXPECT_EQ(names({.prefix = "bob"}), "Bob bobby eve ") << "by the address as well";
    EXPECT_EQ(names({.limit = 1, .after = "bob", .prefix = "bob"}), "bobby ");
    EXPECT_EQ(names({.prefix = "\xc3\xa4"}), "\xc3\x84nne ");
    for (const char* none : {"ob", "%", "_", "bobbyx"}) EXPECT_EQ(names({.prefix = none}), "") << none;
}

TEST_P(Contract, RevocationsHaveIdsThatGrowAndAreNeverGivenTwice) {
    const auto insert = [&](const std::string& subject, std::chrono::seconds life) {
        run([&](auth::Store& s) {
            s.insert_revocation({verify::Revocation::Kind::session, subject, 0, s.now() + life});
        });
    };
    const auto last = [&] { return run([&](auth::Store& s) { return s.load_revocations().back().id; }); };
    insert("a", 1s);
    const auto first = last();
    insert("b", 1s);
    const auto second = last();
    EXPECT_GT(first, 0U);
    EXPECT_GT(second, first);
    place->now += 2s;
    run([&](auth::Store& s) { s.sweep(100); });
    insert("c", 1s);
    EXPECT_GT(last(), second);
}

TEST_P(Contract, AServiceKeyHasANameOfItsOwnAndCanBeEnded) {
    const auto key = auth::mint_service_key("api", {auth::Scope::feed, auth::Scope::users}, start).row;
    EXPECT_TRUE(run([&](auth::Store& s) { return s.insert_service_key(key); }));
    EXPECT_FALSE(run(
        [&](auth::Store& s) { return s.insert_service_key(auth::mint_service_key("api", {}, start).row); }));
    const auto keys = run([&](auth::Store& s) { return s.list_service_keys(); });
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0].id, key.id);
    EXPECT_EQ(keys[0].scopes, key.scopes);
    EXPECT_TRUE(keys[0].secret_hash == key.secret_hash);
    EXPECT_EQ(keys[0].created, start);
    EXPECT_TRUE(run([&](auth::Store& s) { return s.delete_service_key("api"); }));
    EXPECT_FALSE(run([&](auth::Store& s) { return s.delete_service_key("api"); }));
    EXPECT_TRUE(run([&](auth::Store& s) { return s.list_service_keys(); }).empty());
}

TEST_P(Contract, TheFeedsEpochStays) {
    const auto epoch = run([&](auth::Store& s) { return s.feed_epoch(); });
    EXPECT_FALSE(epoch.empty());
    run([&](auth::Store& s) {
        s.insert_revocation({verify::Revocation::Kind::session, "a", 0, s.now() + 1s});
    });
    EXPECT_EQ(run([&](auth::Store& s) { return s.feed_epoch(); }), epoch);
}

INSTANTIATE_TEST_SUITE_P(Stores, Contract, testing::Values("memory", "sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Contract, UsersAreFoundByIdNameAndAddressWithoutCase) {
    run([](auth::Store& store) {
        User u = user("u1", "Zoë");
        u.email = "Zoe@Example.org";
        u.roles = {"admin", "two words"};
        u.claims = R"({"plan":"pro"})";
        ASSERT_TRUE(store.insert_user(u));
        EXPECT_EQ(store.find_user("u1")->roles, u.roles);
        EXPECT_EQ(store.find_user("u1")->claims, u.claims);
        EXPECT_EQ(store.find_user_by_login("zoë")->id, "u1");
        EXPECT_EQ(store.find_user_by_login("zoe@example.org")->id, "u1");
        EXPECT_FALSE(store.find_user_by_login("zoe"));
        EXPECT_FALSE(store.find_user("u2"));
    });
}

TEST_P(Contract, NamesAndAddressesAreGivenOnce) {
    run([](auth::Store& store) {
        User ada = user("u1", "Ada");
        ada.email = "a@example.org";
        ASSERT_TRUE(store.insert_user(ada));
        EXPECT_EQ(store.insert_user(user("u2", "aDA")).error().reason, base::Reason::username_taken);
        User eve = user("u3", "Eve");
        eve.email = "A@example.org";
        EXPECT_EQ(store.insert_user(eve).error().reason, base::Reason::email_taken);
        eve.email.reset();
        ASSERT_TRUE(store.insert_user(eve));
        eve.username = "ADA";
        EXPECT_EQ(store.update_user(eve).error().reason, base::Reason::username_taken);
        EXPECT_EQ(store.find_user("u3")->username, "Eve");
    });
}

TEST_P(Contract, AStepThatThrowsLeavesNothingBehind) {
    add_ada();
    EXPECT_THROW(run([](auth::Store& store) {
                     (void)store.insert_user(user("u2", "Eve"));
                     store.delete_user("u1");
                     throw std::runtime_error("stop");
                 }),
                 std::runtime_error);
    EXPECT_TRUE(run([](auth::Store& store) { return store.find_user("u1"); }));
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_user("u2"); }));
}

TEST_P(Contract, ASessionOpensOnlyForTheUserAsTheyWereChecked) {
    add_ada();
    const Session s = session("s1", "u1");
    EXPECT_FALSE(run([&](auth::Store& store) { return store.insert_session(s, "an older hash"); }));
    run([](auth::Store& store) {
        User ada = *store.find_user("u1");
        ada.enabled = false;
        (void)store.update_user(ada);
    });
    EXPECT_FALSE(run([&](auth::Store& store) { return store.insert_session(s, "hash of Ada"); }));
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_session("s1"); }));
}

TEST_P(Contract, AnEndedSessionStaysEnded) {
    add_ada();
    sign_in();
    const auto ended = run([](auth::Store& store) { return store.end_session("s1"); });
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->access_end, start + 15min);
    EXPECT_GE(ended->ended, place->now);
    EXPECT_FALSE(run([](auth::Store& store) { return store.end_session("s1"); }));
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::ended);
    EXPECT_TRUE(run([](auth::Store& store) { return store.page_of_sessions({.user = "u1"}); }).empty());
}

TEST_P(Contract, EndingAllButOneGivesThoseThatEnded) {
    add_ada();
    for (const char* id : {"s1", "s2", "s3"}) sign_in(id);
    const auto ended = run([](auth::Store& store) { return store.end_sessions("u1", "s2"); });
    EXPECT_EQ(ended.size(), 2U);
    const auto left = run([](auth::Store& store) { return store.page_of_sessions({.user = "u1"}); });
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].id, "s2");
}

TEST_P(Contract, TheSessionsBeyondTheAllowedAreThoseUsedLongestAgo) {
    add_ada();
    for (const char* id : {"s1", "s2", "s3", "s4"}) {
        sign_in(id);
        place->now += 1min;
    }
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::rotated) << "s1 is used again";
    run([](auth::Store& store) { store.end_session("s3"); });
    const auto beyond = [&](const std::string& except, std::size_t kept) {
        return run([&](auth::Store& store) { return store.sessions_beyond("u1", except, kept); });
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(beyond("", 3), Ids{});
    EXPECT_EQ(beyond("", 2), Ids{"s2"});
    EXPECT_EQ(beyond("", 0), (Ids{"s2", "s4", "s1"}));
    EXPECT_EQ(beyond("s2", 1), Ids{"s4"});
    EXPECT_EQ(run([](auth::Store& store) { return store.last_access_end("u1"); }),
              run([](auth::Store& store) { return store.find_session("s1"); })->access_end);
    EXPECT_EQ(run([](auth::Store& store) { return store.last_access_end("nobody"); }), base::Timestamp{});
}

TEST_P(Contract, ARestoredCopyRevivesNothing) {
    add_ada();
    sign_in();
    const auto epoch = run([](auth::Store& store) {
        store.save_key({"k1", "ES256", auth::StoredKey::State::current, "sealed", start, start});
        store.save_key({"1", "MAC", auth::StoredKey::State::current, "sealed", start, start});
        return store.feed_epoch();
    });
    const auto given = run([](auth::Store& store) { return store.next_status(); });
    run([](auth::Store& store) { store.revive_nothing("restored_copy"); });
    EXPECT_TRUE(run([](auth::Store& store) { return store.page_of_sessions({10}); }).empty());
    EXPECT_EQ(rotate(0).outcome, Rotation::Outcome::ended);
    run([&](auth::Store& store) {
        EXPECT_NE(store.feed_epoch(), epoch);
        ASSERT_EQ(store.load_keys().size(), 1U);
        EXPECT_EQ(store.load_keys()[0].algorithm, "MAC");
        const auto entries = store.load_revocations();
        ASSERT_EQ(entries.size(), 2U);
        EXPECT_EQ(entries[0].kind, verify::Revocation::Kind::issued_before);
        EXPECT_EQ(entries[0].minimum, base::unix_seconds(start));
        EXPECT_EQ(entries[1].kind, verify::Revocation::Kind::status_below);
        EXPECT_GT(entries[1].minimum, given + 1'000'000);
        EXPECT_GT(store.next_status(), entries[1].minimum);
    });
}

TEST_P(Contract, PagesOfSessionsHaveEachLiveOneOnce) {
    add_ada();
    for (int i = 0; i < 7; ++i) sign_in("s" + std::to_string(i));
    run([](auth::Store& store) { store.end_session("s3"); });
    const auto page = [&](const std::string& after, std::optional<std::string> user) {
        std::string ids;
        for (const auto& one : run([&](auth::Store& store) {
                 return store.page_of_sessions({2, user, after});
             }))
            ids += one.id + " ";
        return ids;
    };
    EXPECT_EQ(page("", std::nullopt), "s0 s1 ");
    EXPECT_EQ(rotate(0, "s6").outcome, Rotation::Outcome::rotated) << "what is used meanwhile is not missed";
    EXPECT_EQ(page("s1", std::nullopt) + page("s4", "u1") + page("s6", "u1"), "s2 s4 s5 s6 ");
    EXPECT_EQ(page("", "u2"), "");
}

TEST_P(Contract, WhatWasTakenBackOfOneSubjectIsFoundInTheSameStep) {
    run([&](auth::Store& store) {
        store.insert_revocation({verify::Revocation::Kind::session, "s1", 0, store.now() + 10s});
        store.insert_revocation({verify::Revocation::Kind::foreign_before, "u1", 7, store.now() + 10s});
        ASSERT_EQ(store.find_revocations("u1").size(), 1U);
        EXPECT_EQ(store.find_revocations("u1")[0].kind, verify::Revocation::Kind::foreign_before);
        EXPECT_TRUE(store.find_revocations("s").empty());
    });
    place->now += 11s;
    EXPECT_TRUE(run([](auth::Store& store) { return store.find_revocations("s1"); }).empty());
}

TEST_P(Contract, AnAddressWithALiveSessionIsKnownForItsUserAlone) {
    add_ada();
    const auto open = [&](const char* id, const char* address) {
        Session s = session(id, "u1");
        s.address = address;
        ASSERT_TRUE(run([&](auth::Store& store) { return store.insert_session(s, "hash of Ada"); }));
    };
    open("s4", "192.0.2.1");
    open("s6", "2001:db8::1");
    const auto known = [&](const char* user, const char* address) {
        return run([&](auth::Store& store) { return store.has_live_session(user, address); });
    };
    EXPECT_TRUE(known("u1", "192.0.2.1"));
    EXPECT_TRUE(known("u1", "2001:db8::ffff")) << "the same /64";
    EXPECT_FALSE(known("u1", "192.0.2.2"));
    EXPECT_FALSE(known("u1", "2001:db8:0:1::1"));
    EXPECT_FALSE(known("u2", "192.0.2.1"));
    run([](auth::Store& store) { store.end_session("s4"); });
    EXPECT_FALSE(known("u1", "192.0.2.1"));
    place->now += 168h;
    EXPECT_FALSE(known("u1", "2001:db8::1"));
}

TEST_P(Contract, DeletingAUserDeletesTheirSessions) {
    add_ada();
    sign_in();
    run([](auth::Store& store) { store.delete_user("u1"); });
    EXPECT_FALSE(run([](auth::Store& store) { return store.find_session("s1"); }));
}

TEST_P(Contract, RevocationsAreThereUntilTheyExpire) {
    run([](auth::Store& store) {
        store.insert_revocation({verify::Revocation::Kind::user_stale, "u1", 7, start + 10s});
        ASSERT_EQ(store.load_revocations().size(), 1U);
        EXPECT_EQ(store.load_revocations()[0].minimum, 7);
    });
    place->now += 11s;
    EXPECT_TRUE(run([](auth::Store& store) { return store.load_revocations(); }).empty());
}

TEST_P(Contract, TheClockCanBeSetBack) {
    add_ada();
    const auto ahead = place->now + 24h * 3650;
    place->now = ahead;
    run([](auth::Store& store) {
        store.charge_bucket("k", 1h);
        store.prove_writable();
    });
    EXPECT_GE(run([](auth::Store& store) { return store.now(); }), ahead);
    place->now = start;
    EXPECT_GE(run([](auth::Store& store) { return store.now(); }), ahead) << "it never goes back by itself";
    run([](auth::Store& store) {
        store.set_clock(start);
        EXPECT_EQ(store.now(), start);
        EXPECT_FALSE(store.find_bucket("k"));
        store.revive_nothing("clock_set");
        EXPECT_EQ(store.list_audit(1)[0].event, "clock_set");
        EXPECT_EQ(store.list_audit(1)[0].time, start);
    });
}

TEST_P(Contract, KeysAndBucketsAreKeptAndReplaced) {
    run([](auth::Store& store) {
        store.charge_bucket(std::string("a\0b", 3), 1s);
        store.charge_bucket(std::string("a\0b", 3), 1s);
        EXPECT_EQ(store.find_bucket(std::string("a\0b", 3)), start + 2s);
        EXPECT_FALSE(store.find_bucket("a"));
        store.empty_buckets("b");
        store.empty_buckets("aa");
        EXPECT_TRUE(store.find_bucket(std::string("a\0b", 3)));
        store.charge_bucket("ab", 1s);
        store.charge_bucket("b", 1s);
        store.empty_buckets("a");
        EXPECT_FALSE(store.find_bucket("ab"));
        EXPECT_TRUE(store.find_bucket("b"));
        EXPECT_FALSE(store.find_bucket(std::string("a\0b", 3)));
        auth::StoredKey key{"k1",  "ES256", auth::StoredKey::State::next, std::string("\0\xff", 2),
                            start, start};
        store.save_key(key);
        key.state = auth::StoredKey::State::current;
        key.token_life = 15min;
        store.save_key(key);
        ASSERT_EQ(store.load_keys().size(), 1U);
        EXPECT_EQ(store.load_keys()[0].state, auth::StoredKey::State::current);
        EXPECT_EQ(store.load_keys()[0].token_life, 15min);
        EXPECT_EQ(store.load_keys()[0].sealed, std::string("\0\xff", 2));
        store.delete_key("k1");
        EXPECT_TRUE(store.load_keys().empty());
    });
}

TEST_P(Contract, TheClockNeverGoesBack) {
    add_ada();
    const auto before = run([](auth::Store& store) { return store.now(); });
    place->now -= 1h;
    EXPECT_GE(run([](auth::Store& store) { return store.now(); }), before);
}

}  // namespace
}  // namespace coatcheck::store
