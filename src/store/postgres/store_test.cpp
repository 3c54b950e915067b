// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL adds to the contract: several nodes, whose transactions run at the same time.
#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"
#include "auth/users/change.hpp"
#include "base/reason.hpp"
#include "store/postgres/nodes_for_tests.hpp"

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <map>
#include <set>

namespace coatcheck::store {
namespace {

TEST(PostgresConcurrent, EveryNodeSeesAllRevocationsInOneOrder) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url), second(url);
    constexpr int threads = 4, each = 100;
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                (t % 2 ? first : second).pool.run([&](auth::Store& store) {
                    store.insert_revocation({verify::Revocation::Kind::session,
                                             std::to_string(t) + "-" + std::to_string(i), 0,
                                             store.now() + 1h});
                });
        });
    for (auto& thread : running) thread.join();
    ASSERT_TRUE(soon([&] { return first.heard() == threads * each && second.heard() == threads * each; }))
        << first.heard() << " and " << second.heard();
    std::set<std::string> subjects;
    for (std::size_t i = 0; i < first.feed.size(); ++i) {
        EXPECT_EQ(first.feed[i].id, i + 1) << "without gaps";
        EXPECT_EQ(first.feed[i].subject, second.feed[i].subject);
        subjects.insert(first.feed[i].subject);
    }
    EXPECT_EQ(subjects.size(), static_cast<std::size_t>(threads * each));
}

TEST(PostgresConcurrent, OneOfManyRotationsIsTheOne) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url, false), second(url, false);
    first.pool.run([](auth::Store& store) {
        ASSERT_TRUE(store.insert_user(user("u1")));
        ASSERT_TRUE(store.insert_session(session("s1", "u1", store.now()), "h"));
    });
    std::atomic<int> rotated{0}, repeated{0};
    std::vector<std::thread> running;
    for (int t = 0; t < 8; ++t)
        running.emplace_back([&, t] {
            (t % 2 ? first : second).pool.run([&](auth::Store& store) {
                const auto outcome = store.rotate_refresh(request("s1", "u1", 0)).outcome;
                rotated += outcome == auth::Rotation::Outcome::rotated;
                repeated += outcome == auth::Rotation::Outcome::repeated;
            });
        });
    for (auto& thread : running) thread.join();
    EXPECT_EQ(rotated, 1);
    EXPECT_EQ(repeated, 7);
}

// Rotations that wait too long were committed together, and then each was refused: its client could not know
// that its token was used up.
TEST(PostgresConcurrent, NoRotationIsCommittedAndThenRefused) {
    PostgresPool pool({{PostgresServer::shared().fresh_url()}, "", 1, 500ms}, ListenerForTests::deaf(),
                      [] { return base::from_unix_seconds(1'800'000'000); });
    constexpr std::size_t sessions = 8;
    const auto name = [](std::size_t i) { return "s" + std::to_string(i); };
    pool.run([&](auth::Store& store) {
        store.insert_user(user("u1"));
        for (std::size_t i = 0; i < sessions; ++i)
            store.insert_session(session(name(i), "u1", store.now()), "h");
    });
    std::vector<auth::RotateRequest> requests;
    for (std::size_t i = 0; i < sessions; ++i) requests.push_back(request(name(i), "u1", 0));
    std::array<bool, sessions> refused{};
    std::atomic<std::size_t> done{0};
    pool.run([&](auth::Store&) {
        for (std::size_t i = 0; i < sessions; ++i)
            pool.post({[&, i](auth::Store& store) { store.rotate_refresh(requests[i]); },
                       [&, i](std::exception_ptr failed) {
                           refused[i] = failed != nullptr;
                           ++done;
                       },
                       {},
                       &requests[i]});
        std::this_thread::sleep_for(700ms);  // the one connection is busy
    });
    ASSERT_TRUE(soon([&] { return done == sessions; }));
    for (std::size_t i = 0; i < sessions; ++i) {
        std::uint32_t counter = 0;
        pool.run([&](auth::Store& store) { counter = store.find_session(name(i))->counter; });
        EXPECT_EQ(counter, refused[i] ? 0U : 1U) << name(i);
    }
}

// One statement does the rotations that wait at the same time; each step gets its own result.
TEST(PostgresConcurrent, RotationsThatShareAStatementAreEachRight) {
    using Outcome = auth::Rotation::Outcome;
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url, false), second(url, false);
    constexpr std::size_t sessions = 150;
    const auto name = [](const char* prefix, std::size_t i) { return prefix + std::to_string(i); };
    first.pool.run([&](auth::Store& store) {
        for (std::size_t i = 0; i < 7; ++i) ASSERT_TRUE(store.insert_user(user(name("u", i))));
        for (std::size_t i = 0; i < sessions; ++i) {
            auto one = session(name("s", i), name("u", i % 7), store.now());
            if (i % 5 == 4) one.delivery = auth::Delivery::body;
            ASSERT_TRUE(store.insert_session(one, "h"));
        }
    });
    struct Asked {
        std::size_t session;
        auth::RotateRequest wanted;
        Outcome outcome{};
        std::uint32_t counter = 0;
        bool failed = true;
    };
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < sessions; ++i) asked.insert(asked.end(), i % 5 == 1 ? 4 : 1, {i, {}});
    std::atomic<std::size_t> answered{0};
    for (std::size_t i = 0; i < asked.size(); ++i) {
        Asked& one = asked[i];
        const std::size_t s = one.session, kind = s % 5;
        auto& wanted = one.wanted = request(name(kind == 3 ? "no such session " : "s", s), name("u", s % 7),
                                            0);
        if (kind == 2) wanted.secret_hash = "another";
        wanted.by_cookie = kind == 4;
        (i % 2 ? first : second)
            .pool.post({[&one](auth::Store& store) {
                            const auto& wanted = one.wanted;
                            const auto rotation = store.rotate_refresh(wanted);
                            one.outcome = rotation.outcome;
                            one.counter = rotation.session.counter;
                            if (rotation.outcome == Outcome::ended) return;
                            EXPECT_EQ(rotation.session.id, wanted.session);
                            EXPECT_EQ(rotation.user.id, wanted.user);
                        },
                        [&](std::exception_ptr failed) {
                            one.failed = failed != nullptr;
                            ++answered;
                        },
                        {},
                        &wanted});
    }
    ASSERT_TRUE(soon([&] { return answered == asked.size(); }));
    std::map<std::size_t, std::map<Outcome, int>> seen;
    for (const Asked& one : asked) {
        EXPECT_FALSE(one.failed);
        ++seen[one.session][one.outcome];
        EXPECT_EQ(one.counter, one.session % 5 < 2 ? 1U : 0U);
    }
    for (std::size_t i = 0; i < sessions; ++i) {
        const std::map<Outcome, int> right[] = {{{Outcome::rotated, 1}},
                                                {{Outcome::rotated, 1}, {Outcome::repeated, 3}},
                                                {{Outcome::ended, 1}},
                                                {{Outcome::ended, 1}},
                                                {{Outcome::misplaced, 1}}};
        EXPECT_EQ(seen[i], right[i % 5]) << i;
    }
}

// Requests with the same session and counter that still differ: one has the secret from before a password
// change, and one presents as a cookie a token that was delivered in a body.
TEST(PostgresConcurrent, RotationsThatShareAStatementAreNotTakenForEachOther) {
    const std::string url = PostgresServer::shared().fresh_url();
    PostgresStore store({url}, PostgresDatabase::Prepare::never,
                        [] { return base::from_unix_seconds(1'800'000'000); });
    store.migrate();
    store.begin();
    ASSERT_TRUE(store.insert_user(user("u1")));
    auto one = session("s1", "u1", store.now());
    one.delivery = auth::Delivery::body;
    ASSERT_TRUE(store.insert_session(one, "h"));
    store.renew_secret("s1", "renewed");
    store.commit();
    auto earlier = request("s1", "u1", 0), by_cookie = earlier, right = earlier;
    right.secret_hash = by_cookie.secret_hash = "renewed";
    by_cookie.by_cookie = true;
    for (std::uint32_t number = 0; number < 3; ++number) {
        right.counter = earlier.counter = by_cookie.counter = number;
        std::vector<const auth::RotateRequest*> group{&earlier, &by_cookie, &right};
        std::rotate(group.begin(), group.begin() + number, group.end());
        const auto together = store.rotate_together(group);
        for (std::size_t i = 0; i < group.size(); ++i)
            EXPECT_EQ(together.rotations[i].has_value(), group[i] == &right) << number << ", " << i;
    }
}

// The two nodes lock the two users in opposite order: without a second attempt one of them would fail.
TEST(PostgresConcurrent, ADeadlockIsTriedAgain) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url, false), second(url, false);
    first.pool.run([](auth::Store& store) {
        for (const char* id : {"u1", "u2"}) ASSERT_TRUE(store.insert_user(user(id)));
    });
    std::atomic<int> waiting{0};
    const auto lock_both = [&](Node& node, const char* one, const char* other) {
        node.pool.run([&](auth::Store& store) {
            store.lock_user(one);
            ++waiting;
            while (waiting < 2) std::this_thread::sleep_for(1ms);
            store.lock_user(other);
        });
    };
    std::thread beside([&] { lock_both(second, "u2", "u1"); });
    EXPECT_NO_THROW(lock_both(first, "u1", "u2"));
    beside.join();
    EXPECT_GE(waiting, 3) << "one began again";
}

// A sign-in whose password was checked before a password change must not open a session after it.
TEST(PostgresConcurrent, ASessionIsNotOpenedBesideAnotherPassword) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url, false), second(url, false);
    first.pool.run([](auth::Store& store) { ASSERT_TRUE(store.insert_user(user("u1"))); });
    std::atomic<bool> locked{false}, opened{true};
    std::thread sign_in([&] {
        while (!locked) std::this_thread::sleep_for(1ms);
        second.pool.run([&](auth::Store& store) {
            opened = store.insert_session(session("s1", "u1", store.now()), "h").has_value();
        });
    });
    first.pool.run([&](auth::Store& store) {
        auto ada = *store.lock_user("u1");
        locked = true;
        std::this_thread::sleep_for(100ms);
        ada.password_hash = "another";
        (void)store.update_user(ada);
        EXPECT_TRUE(store.end_sessions("u1", "").empty());
    });
    sign_in.join();
    EXPECT_FALSE(opened);
}

TEST(PostgresConcurrent, NodesThatStartTogetherMakeOneSchema) {
    const std::string url = PostgresServer::shared().fresh_url();
    std::vector<std::unique_ptr<Node>> nodes(4);
    std::vector<std::thread> running;
    for (auto& node : nodes) running.emplace_back([&] { node = std::make_unique<Node>(url, false); });
    for (auto& thread : running) thread.join();
    for (auto& node : nodes) EXPECT_NO_THROW(node->pool.run([](auth::Store& store) { store.feed_epoch(); }));
}

TEST(PostgresConcurrent, AChangeOfKeysIsHeardEverywhere) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url), second(url);
    ASSERT_TRUE(soon([&] { return second.keys_loaded > 0; }));
    const int before = second.keys_loaded;
    first.pool.run([](auth::Store& store) {
        store.save_key({"k1", "ES256", auth::StoredKey::State::next, "sealed", store.now(), store.now()});
    });
    EXPECT_GT(first.keys_loaded, 0) << "here before the step is over";
    EXPECT_TRUE(soon([&] { return second.keys_loaded > before; }));
}

TEST(Postgres, ADuplicateUndoesItsStatementAlone) {
    InPostgres place;
    place.pool.run([](auth::Store& store) {
        ASSERT_TRUE(store.insert_user(user("u1")));
        EXPECT_FALSE(store.insert_user(user("u1")));
        ASSERT_TRUE(store.insert_user(user("u2")));
    });
    place.pool.run([](auth::Store& store) { EXPECT_EQ(store.list_users({}).size(), 2U); });
}

// "Heap only": an update of columns that no index contains leaves all indexes alone. An index on an
// expression over idle_end, or with a condition on it, would end that.
TEST(Postgres, ARefreshChangesNoIndex) {
    constexpr int refreshes = 20;
    const std::string url = PostgresServer::shared().fresh_url();
    {
        std::atomic<int> minutes{0};
        const auto clock = [&] {
            return base::from_unix_seconds(1'800'000'000) + std::chrono::minutes(minutes);
        };
        PostgresPool pool({{url}, "", 1}, ListenerForTests::deaf(), clock);
        const auto start = clock();
        pool.run([&](auth::Store& store) {
            ASSERT_TRUE(store.insert_user(user("u")));
            ASSERT_TRUE(store.insert_session(session("s", "u", start), "h"));
        });
        for (int i = 0; i < refreshes; ++i) {
            ++minutes;
            pool.run([&](auth::Store& store) {
                EXPECT_EQ(store.rotate_refresh(request("s", "u", static_cast<std::uint32_t>(i))).outcome,
                          auth::Rotation::Outcome::rotated);
            });
        }
    }
    PostgresDatabase database({url});
    std::int64_t all = 0, heap_only = 0;
    soon([&] {  // the counts arrive when the connection ends
        auto row = database.query(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions' AND "
            "schemaname = current_schema()");
        if (!row.step()) return false;
        all = row.integer(0);
        heap_only = row.integer(1);
        return all >= refreshes;
    });
    EXPECT_EQ(all, refreshes);
    EXPECT_EQ(heap_only, all);
}

}  // namespace
}  // namespace coatcheck::store
