// SPDX-License-Identifier: Apache-2.0
// The promises of every store about clients, consents, authorization codes and grants.
#include "store/places_for_tests.hpp"

#include <gtest/gtest.h>

namespace coatcheck::store {
namespace {

using auth::Client;
using auth::Rotation;
using namespace std::chrono_literals;

class OAuthContract : public Contract {
protected:
    OAuthContract() {
        add_ada();
        run([&](auth::Store& s) { ASSERT_TRUE(s.insert_client(client("c1", "Posts"))); });
    }
    static Client client(const std::string& id, const std::string& name) {
        Client c;
        c.id = id;
        c.name = name;
        c.type = auth::ClientType::native;
        c.auth = auth::ClientAuth::client_secret_post;
        c.secret_hash = "hash";
        c.older_secret_hash = "older";
        c.redirect_uris = {"http://127.0.0.1/a", "com.example:/b"};
        c.logout_uris = {"https://app.example/out"};
        c.scopes = {"openid", "posts:read"};
        c.resources = {"https://api.example"};
        c.grants = {auth::GrantType::authorization_code, auth::GrantType::refresh_token};
        c.default_resource = "default";
        c.asks_consent = false;
        c.version = 3;
        c.session = "sid";
        c.created = start;
        return c;
    }
    void give(const std::string& id, const std::string& parent = "", std::vector<std::string> scope = {}) {
        auth::Session grant = session(id, "u1");
        grant.client = "c1";
        grant.parent = parent;
        grant.scope = std::move(scope);
        grant.resources = {"https://api.example"};
        grant.authenticated = start - 5s;
        ASSERT_TRUE(run([&](auth::Store& s) { return s.insert_session(grant, "hash of Ada"); }));
    }
    Rotation rotate_grant(std::uint32_t counter, const std::string& by = "c1", const std::string& id = "g1") {
        const auth::RotateRequest request{id,    "u1", "secret hash of " + id, counter, grace, 168h, 15min,
                                          false, by};
        return run([&](auth::Store& s) { return s.rotate_grant(request); });
    }
};

TEST_P(OAuthContract, AClientIsFoundAsItWasStored) {
    auto c = *run([](auth::Store& s) { return s.find_client("c1"); });
    const Client wanted = client("c1", "Posts");
    EXPECT_EQ(c.name, wanted.name);
    EXPECT_EQ(c.type, wanted.type);
    EXPECT_EQ(c.auth, wanted.auth);
    EXPECT_TRUE(c.secret_hash == wanted.secret_hash && c.older_secret_hash == wanted.older_secret_hash);
    EXPECT_EQ(c.redirect_uris, wanted.redirect_uris);
    EXPECT_EQ(c.logout_uris, wanted.logout_uris);
    EXPECT_EQ(c.scopes, wanted.scopes);
    EXPECT_EQ(c.resources, wanted.resources);
    EXPECT_EQ(c.grants, wanted.grants);
    EXPECT_EQ(c.default_resource, "default");
    EXPECT_FALSE(c.asks_consent);
    EXPECT_TRUE(c.enabled);
    EXPECT_EQ(c.version, 3);
    EXPECT_EQ(c.session, "sid");
    EXPECT_EQ(c.created, start);
    EXPECT_FALSE(run([&](auth::Store& s) { return s.insert_client(client("c1", "Other")); }));
    c.enabled = false;
    c.name = "Renamed";
    run([&](auth::Store& s) { s.update_client(c); });
    run([&](auth::Store& s) { ASSERT_TRUE(s.insert_client(client("c0", "A"))); });
    const auto all = run([](auth::Store& s) { return s.list_clients(); });
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name, "A");
    EXPECT_EQ(all[1].name, "Renamed");
    EXPECT_FALSE(all[1].enabled);
}

TEST_P(OAuthContract, DeletingAClientTakesItsConsentsAndCodesAlong) {
    run([](auth::Store& s) {
        s.save_consent({"u1", "c1", {"openid"}, {}, s.now()});
        s.insert_code({.hash = "h", .client = "c1", .user = "u1", .expires = s.now() + 60s});
    });
    EXPECT_TRUE(run([](auth::Store& s) { return s.delete_client("c1"); }));
    EXPECT_FALSE(run([](auth::Store& s) { return s.delete_client("c1"); }));
    EXPECT_FALSE(run([](auth::Store& s) { return s.find_consent("u1", "c1"); }));
    EXPECT_FALSE(run([](auth::Store& s) { return s.lock_code("h"); }));
}

TEST_P(OAuthContract, DeletingAUserTakesConsentsAndCodesAlong) {
    run([](auth::Store& s) {
        s.save_consent({"u1", "c1", {"openid"}, {}, s.now()});
        s.insert_code({.hash = "h", .client = "c1", .user = "u1", .expires = s.now() + 60s});
        s.delete_user("u1");
    });
    EXPECT_FALSE(run([](auth::Store& s) { return s.find_consent("u1", "c1"); }));
    EXPECT_FALSE(run([](auth::Store& s) { return s.lock_code("h"); }));
}

TEST_P(OAuthContract, AConsentReplacesTheOneBefore) {
    EXPECT_FALSE(run([](auth::Store& s) { return s.find_consent("u1", "c1"); }));
    run([](auth::Store& s) { s.save_consent({"u1", "c1", {"openid"}, {}, s.now()}); });
    run([](auth::Store& s) {
        s.save_consent({"u1", "c1", {"openid", "email"}, {"https://api.example"}, s.now()});
    });
    const auto consent = *run([](auth::Store& s) { return s.find_consent("u1", "c1"); });
    EXPECT_EQ(consent.scope, (std::vector<std::string>{"openid", "email"}));
    EXPECT_EQ(consent.resources, std::vector<std::string>{"https://api.example"});
    EXPECT_EQ(consent.given, start);
    const auto all = run([](auth::Store& s) { return s.consents_of("u1"); });
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].client, "c1");
    EXPECT_EQ(all[0].scope, consent.scope);
    EXPECT_TRUE(run([](auth::Store& s) { return s.consents_of("u2"); }).empty());
    EXPECT_TRUE(run([](auth::Store& s) { return s.delete_consent("u1", "c1"); }));
    EXPECT_FALSE(run([](auth::Store& s) { return s.delete_consent("u1", "c1"); }));
}

TEST_P(OAuthContract, ACodeStaysTenMinutesAfterItsEndSoThatItsSecondUseIsSeen) {
    const auth::AuthorizationCode code{"h",         "c1",       "u1",
                                       7,           "p",        "https://app.example/cb",
                                       "challenge", {"openid"}, {"https://api.example"},
                                       "nonce",     start - 3s, {"pwd"},
                                       start + 60s};
    run([&](auth::Store& s) { s.insert_code(code); });
    const auto read = *run([](auth::Store& s) { return s.lock_code("h"); });
    EXPECT_EQ(read.user_version, 7);
    EXPECT_EQ(read.parent, "p");
    EXPECT_EQ(read.redirect_uri, code.redirect_uri);
    EXPECT_EQ(read.challenge, "challenge");
    EXPECT_EQ(read.scope, code.scope);
    EXPECT_EQ(read.resources, code.resources);
    EXPECT_EQ(read.nonce, "nonce");
    EXPECT_EQ(read.authenticated, code.authenticated);
    EXPECT_EQ(read.amr, code.amr);
    EXPECT_EQ(read.expires, code.expires);
    EXPECT_EQ(read.session, "");
    EXPECT_EQ(run([](auth::Store& s) { return s.count_codes("u1"); }), 1U);
    EXPECT_EQ(run([](auth::Store& s) { return s.count_codes("u2"); }), 0U);
    run([](auth::Store& s) { s.use_code("h", "g1"); });
    place->now += 10min;
    run([](auth::Store& s) { s.sweep(100); });
    EXPECT_EQ(run([](auth::Store& s) { return s.lock_code("h"); })->session, "g1");
    place->now += 2min;
    run([](auth::Store& s) { s.sweep(100); });
    EXPECT_FALSE(run([](auth::Store& s) { return s.lock_code("h"); }));
}

TEST_P(OAuthContract, AGrantIsASessionOfItsClient) {
    sign_in("s1");
    give("g1", "s1", {"openid"});
    const auto grant = *run([](auth::Store& s) { return s.find_session("g1"); });
    EXPECT_EQ(grant.client, "c1");
    EXPECT_EQ(grant.parent, "s1");
    EXPECT_EQ(grant.scope, std::vector<std::string>{"openid"});
    EXPECT_EQ(grant.resources, std::vector<std::string>{"https://api.example"});
    EXPECT_EQ(grant.authenticated, start - 5s);
    give("g2", "s2");
    const auto children = run([](auth::Store& s) { return s.children_of("u1", "s1"); });
    ASSERT_EQ(children.size(), 1U);
    EXPECT_EQ(children[0].id, "g1");
    EXPECT_EQ(run([](auth::Store& s) { return s.sessions_beyond("u1", "", 0); }),
              std::vector<std::string>{"s1"})
        << "grants have a bound of their own";
    EXPECT_EQ(run([](auth::Store& s) { return s.grants_of("c1", "", 10); }).size(), 2U);
    EXPECT_EQ(run([](auth::Store& s) { return s.grants_of("c1", "", 1); }).size(), 1U);
    EXPECT_EQ(run([](auth::Store& s) { return s.grants_of("", "", 10); }).size(), 0U);
    place->now += 1min;
    run([](auth::Store& s) { s.touch_session("g1", s.now() + 200h); });
    EXPECT_EQ(run([](auth::Store& s) { return s.grants_of("c1", "u1", 10); }),
              (std::vector<std::string>{"g2", "g1"}));
    EXPECT_EQ(run([](auth::Store& s) { return s.find_session("g1"); })->idle_end, place->now + 200h);
    run([](auth::Store& s) { s.touch_session("g1", s.now()); });
    EXPECT_EQ(run([](auth::Store& s) { return s.find_session("g1"); })->idle_end, place->now + 200h);
    run([](auth::Store& s) {
        auth::Session again = *s.find_session("g2");
        again.authenticated = start + 7s;
        again.amr = {"pwd"};
        again.idle_end = again.absolute_end = start + 1000h;
        s.set_recognised(again);
    });
    EXPECT_EQ(run([](auth::Store& s) { return s.find_session("g2"); })->absolute_end, start + 1000h);
    EXPECT_EQ(run([](auth::Store& s) { return s.find_session("g2"); })->authenticated, start + 7s);
    EXPECT_EQ(run([](auth::Store& s) { return s.find_session("g2"); })->amr, std::vector<std::string>{"pwd"});
    run([](auth::Store& s) { s.end_session("g1"); });
    EXPECT_EQ(run([](auth::Store& s) { return s.grants_of("c1", "u1", 10); }),
              std::vector<std::string>{"g2"});
}

TEST_P(OAuthContract, EndingTheOtherSessionsKeepsTheGrantsOfThisOne) {
    sign_in("s1");
    sign_in("s2");
    give("g1", "s1");
    give("g2", "s2");
    EXPECT_EQ(run([](auth::Store& s) { return s.end_sessions("u1", "s1"); }).size(), 2U);
    const auto is_over = [&](const std::string& id) {
        return run([&](auth::Store& s) { return s.find_session(id); })->ended.has_value();
    };
    EXPECT_FALSE(is_over("s1") || is_over("g1"));
    EXPECT_TRUE(is_over("s2") && is_over("g2"));
    run([](auth::Store& s) { s.end_sessions("u1", ""); });
    EXPECT_TRUE(is_over("s1") && is_over("g1"));
}

TEST_P(OAuthContract, AGrantRotatesForItsClientAloneAndByTheSameRule) {
    give("g1");
    sign_in("s1");
    EXPECT_EQ(rotate_grant(0, "c2").outcome, Rotation::Outcome::ended) << "another client";
    EXPECT_EQ(rotate_grant(0, "").outcome, Rotation::Outcome::ended);
    EXPECT_EQ(rotate_grant(0, "c1", "s1").outcome, Rotation::Outcome::ended) << "a session of the SDK";
    EXPECT_EQ(rotate(0, "g1").outcome, Rotation::Outcome::ended) << "a grant, as a session of the SDK";
    const auto first = rotate_grant(0);
    EXPECT_EQ(first.outcome, Rotation::Outcome::rotated);
    EXPECT_EQ(first.session.counter, 1U);
    EXPECT_EQ(first.user.username, "Ada");
    const auto again = rotate_grant(0);
    EXPECT_EQ(again.outcome, Rotation::Outcome::repeated);
    EXPECT_EQ(again.session.counter, 1U);
    for (std::uint32_t counter = 1; counter < 4; ++counter)
        EXPECT_EQ(rotate_grant(counter).outcome, Rotation::Outcome::rotated);
    EXPECT_EQ(rotate_grant(4).outcome, Rotation::Outcome::repeated) << "four rotations a grace";
    EXPECT_EQ(rotate_grant(5).outcome, Rotation::Outcome::reused) << "ahead of the row";
    place->now += grace;
    EXPECT_EQ(rotate_grant(4).outcome, Rotation::Outcome::rotated);
    EXPECT_EQ(rotate_grant(3).outcome, Rotation::Outcome::reused);
}

INSTANTIATE_TEST_SUITE_P(Stores, OAuthContract, testing::Values("memory", "sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace coatcheck::store
