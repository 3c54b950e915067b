// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/end.hpp"
#include "auth/sessions/refresh.hpp"
#include "auth/users/change.hpp"
#include "base/reason.hpp"
#include "store/postgres/nodes_for_tests.hpp"

#include <gtest/gtest.h>

namespace coatcheck::store {
namespace {

// The node `deaf` cannot reach the feed. When it answers that a session is over, its own verifiers must
// refuse the session too. If `first` follows the feed, its revocation has a position there, otherwise none.
class WhoSaysThatItIsOver : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(PostgresConcurrent, WhoSaysThatItIsOver, testing::Bool());

TEST_P(WhoSaysThatItIsOver, RefusesIt) {
    const std::string url = PostgresServer::shared().fresh_url();
    Node first(url, GetParam()), deaf(url, true, "postgres://127.0.0.1:1/nobody");
    const auth::Policy policy;
    const auth::Actor by{"192.0.2.1"};
    first.pool.run([&](auth::Store& store) {
        for (const char* id : {"u1", "u2", "u3", "u4"}) ASSERT_TRUE(store.insert_user(user(id)));
        for (const char* id : {"s1", "s2", "s3"})
            ASSERT_TRUE(store.insert_session(session(id, "u1", store.now()), "h"));
        ASSERT_TRUE(store.insert_session(session("s4", "u2", store.now()), "h"));
    });
    const auto both = [&](const std::string& subject, const std::function<void(auth::Store&)>& end) {
        first.pool.run(end);
        ASSERT_TRUE(first.refuses(subject)) << subject;
        if (GetParam()) {
            ASSERT_TRUE(soon([&] { return first.has_in_feed(subject); }));
        }
        ASSERT_FALSE(deaf.refuses(subject)) << subject;
        deaf.pool.run(end);
        EXPECT_TRUE(deaf.refuses(subject)) << subject;
    };
    both("s1", [&](auth::Store& store) { auth::end_session(store, "s1", "sign_out", by); });
    both("s2", [&](auth::Store& store) { auth::end_presented_session(store, "s2", "secret", "192.0.2.1"); });
    both("s3",
         [&](auth::Store& store) { auth::end_sessions(store, policy, "u1", "x", "session_ended", by); });
    both("u1", [&](auth::Store& store) { auth::end_sessions(store, policy, "u1", "", "session_ended", by); });
    both("u3", [&](auth::Store& store) { EXPECT_TRUE(auth::set_enabled(store, policy, "u3", false, by)); });
    both("foreign", [&](auth::Store& store) {
        token::AccessClaims claims;
        claims.session = "foreign";
        claims.subject = "nobody";
        claims.foreign_end = store.now() + 1h;
        auth::end_foreign(store, claims, by);
    });
    for (const char* id : {"s5", "s6"})
        first.pool.run([&](auth::Store& store) {
            ASSERT_TRUE(store.insert_session(session(id, "u1", store.now()), "h"));
        });
    both("s5", [&](auth::Store& store) {
        if (store.find_session("s5")->ended)
            EXPECT_EQ(auth::refresh(store, policy, {}, request("s5", "u1", 0), "192.0.2.1").error().reason,
                      base::Reason::session_ended);
        else auth::end_session(store, "s5", "sign_out", by);
    });
    // Also a refresh token of before a password change, whose secret is unknown while the session lives.
    first.pool.run([&](auth::Store& store) {
        for (const char* id : {"s7", "s8"})
            ASSERT_TRUE(store.insert_session(session(id, "u1", store.now()), "h"));
        auth::end_session(store, "s8", "sign_out", by);
    });
    ASSERT_FALSE(deaf.refuses("s8"));
    deaf.pool.run([&](auth::Store& store) {
        auto unknown = request("s7", "u1", 0);
        unknown.secret_hash = "of before a password change";
        const auto refused = auth::refresh(store, policy, {}, unknown, "192.0.2.1");
        EXPECT_EQ(refused.error().reason, base::Reason::session_ended);
    });
    EXPECT_TRUE(deaf.refuses("s8"));
    both("u4", [&](auth::Store& store) { auth::delete_user(store, policy, "u4", by); });
    both("s4", [&](auth::Store& store) {
        auth::end_session(store, "s4", "sign_out", by);
        store.delete_user("u2");  // the row is gone, as after a sweep
    });
}

}  // namespace
}  // namespace coatcheck::store
