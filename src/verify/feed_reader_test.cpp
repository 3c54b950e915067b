// SPDX-License-Identifier: Apache-2.0
// Tests which revocations a verifier in another process knows after it has read the feed, wherever the feed
// was cut or broke off.
#include "verify/feed_reader.hpp"
#include "base/reason.hpp"

#include <gtest/gtest.h>

namespace coatcheck::verify {
namespace {

using base::Reason;
using namespace std::chrono_literals;

const base::Timestamp now = base::from_unix_seconds(1'800'000'000);

std::string session(const std::string& id) {
    return R"({"kind":"session","subject":")" + id + R"(","expires":1800000900})";
}
std::string entries(const std::string& rows, const std::string& cursor) {
    return "id: " + cursor + "\ndata: [" + rows + "]\n\n";
}
std::string synced(const std::string& cursor) {
    return "event: synced\nid: " + cursor + "\ndata: {\"cursor\":\"" + cursor + "\"}\n\n";
}
const std::string reset = "event: reset\ndata: {}\n\n";

class Feed : public testing::Test {
protected:
    std::optional<Reason> judge(const std::string& session_id) {
        return revocations.judge(session_id, "user", 1, now);
    }

    KeySet keys;
    Revocations revocations;
    FeedReader reader{keys, revocations};
};

TEST_F(Feed, NothingIsBelievedUntilAllIsKnown) {
    EXPECT_EQ(judge("other"), Reason::not_ready);
    auto heard = reader.read(reset + entries(session("gone"), "e.1"));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->events);
    EXPECT_FALSE(heard->synced);
    EXPECT_EQ(heard->entries.size(), 1U);
    EXPECT_EQ(judge("other"), Reason::not_ready);
    heard = reader.read(synced("e.2"));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->synced);
    EXPECT_EQ(judge("gone"), Reason::token_revoked);
    EXPECT_EQ(judge("other"), std::nullopt);
    EXPECT_EQ(reader.cursor(), "e.2");
}

TEST_F(Feed, WhereItIsCutMakesNoDifference) {
    const std::string stream = reset + entries(session("a") + "," + session("b"), "e.2") + synced("e.2") +
                               "event: heartbeat\nid: e.3\ndata: {}\n\n";
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Revocations known;
        FeedReader pieces(keys, known);
        ASSERT_TRUE(pieces.read(stream.substr(0, cut)));
        ASSERT_TRUE(pieces.read(stream.substr(cut)));
        EXPECT_EQ(known.judge("b", "user", 1, now), Reason::token_revoked) << cut;
        EXPECT_EQ(pieces.cursor(), "e.3");
    }
}

TEST_F(Feed, AResetKeepsTheFormerTableUntilTheNewOneIsWhole) {
    ASSERT_TRUE(reader.read(reset + entries(session("old"), "e.1") + synced("e.1")));
    ASSERT_TRUE(reader.read(reset + entries(session("new"), "f.1")));
    EXPECT_EQ(judge("old"), Reason::token_revoked);
    EXPECT_EQ(judge("new"), Reason::token_revoked) << "what is new counts at once";
    reader.begin();  // the connection breaks off, and the next one continues
    ASSERT_TRUE(reader.read(entries(session("newer"), "f.2") + synced("f.2")));
    EXPECT_EQ(judge("old"), std::nullopt);
    EXPECT_EQ(judge("new"), Reason::token_revoked);
    EXPECT_EQ(judge("newer"), Reason::token_revoked);
}

TEST_F(Feed, HalfAnEventOfABrokenConnectionIsVoid) {
    ASSERT_TRUE(reader.read(reset + synced("e.1") + "id: e.9\ndata: [" + session("x")));
    EXPECT_EQ(reader.cursor(), "e.1");
    reader.begin();
    ASSERT_TRUE(reader.read(entries(session("y"), "e.2")));
    EXPECT_EQ(judge("x"), std::nullopt);
    EXPECT_EQ(judge("y"), Reason::token_revoked);
}

TEST_F(Feed, EveryKindHasItsEffect) {
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa).public_key();
    keys.replace({{"good", key}, {"bad", key}});
    ASSERT_TRUE(reader.read(
        reset +
        entries(R"({"kind":"user_revoked","subject":"user","minimum":3,"expires":1800000900},)"
                R"({"kind":"user_stale","subject":"user","minimum":5,"expires":1800000900},)"
                R"({"kind":"issued_before","subject":"","minimum":1700000000,"expires":1800000900},)"
                R"({"kind":"key","subject":"bad","expires":1800000900},)"
                R"({"kind":"of a newer server","subject":"x","expires":1800000900})",
                "e.5") +
        synced("e.5")));
    EXPECT_EQ(revocations.judge("s", "user", 2, now), Reason::token_revoked);
    EXPECT_EQ(revocations.judge("s", "user", 4, now), Reason::token_stale);
    EXPECT_EQ(revocations.judge("s", "user", 5, now), std::nullopt);
    EXPECT_EQ(revocations.judge("s", "user", 5, base::from_unix_seconds(1'700'000'000)),
              Reason::token_revoked);
    EXPECT_TRUE(keys.keys()->contains("good"));
    EXPECT_FALSE(keys.keys()->contains("bad"));
    const auto generation = keys.generation();
    keys.replace({{"good", key}, {"bad", key}});
    EXPECT_FALSE(keys.keys()->contains("bad")) << "a set that still has it does not bring it back";
    EXPECT_GT(keys.generation(), generation);
}

TEST_F(Feed, WhatIsNotTheStreamIsRefused) {
    for (const char* data : {"{}", "[1]", "[{}]", "x", R"([{"kind":"session","subject":"a"}])",
                             R"([{"kind":"session","subject":1,"expires":1}])",
                             R"([{"kind":"session","subject":"a","expires":"1"}])",
                             R"([{"kind":"session","subject":"a","expires":-1}])",
                             R"([{"kind":"session","subject":"a","expires":1e9}])",
                             R"([{"kind":"session","subject":"a","expires":9223372036854775807}])",
                             R"([{"kind":"user_stale","subject":"a","minimum":"1","expires":1}])",
                             R"([{"kind":"key","kind":"session","subject":"a","expires":1}])"}) {
        FeedReader other(keys, revocations);
        const auto heard = other.read("id: e.7\ndata: " + std::string(data) + "\n\n");
        ASSERT_FALSE(heard) << data;
        EXPECT_EQ(heard.error().reason, Reason::malformed_json);
        EXPECT_EQ(other.cursor(), "") << data;
    }
    EXPECT_FALSE(reader.read(std::string(max_feed_event + 1, 'x')));
    EXPECT_FALSE(FeedReader(keys, revocations).read("id: " + std::string(257, 'x') + "\n\n"));
}

TEST_F(Feed, SweepingForgetsWhatHasExpiredAndNothingElse) {
    std::vector<Revocation> many;
    for (int i = 0; i < 20'000; ++i)
        many.push_back({Revocation::Kind::session, "s" + std::to_string(i), 0, now + (i % 2 == 0 ? 0s : 1s)});
    for (int i = 0; i < 10'000; ++i)
        many.push_back(
            {Revocation::Kind::user_revoked, "u" + std::to_string(i), 1, now + (i % 2 == 0 ? 0s : 1s)});
    revocations.load(many);
    EXPECT_EQ(revocations.size(), 30'000U);
    revocations.sweep(now);
    EXPECT_EQ(revocations.size(), 15'000U);
    EXPECT_EQ(judge("s1"), Reason::token_revoked);
    EXPECT_EQ(judge("s2"), std::nullopt);
}

}  // namespace
}  // namespace coatcheck::verify
