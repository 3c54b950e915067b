// SPDX-License-Identifier: Apache-2.0
// The order of verdicts (size, form, key and algorithm, signature, typ / iss / aud, exp, revoked, stale), and
// what revocations do to an otherwise valid token.
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "verify/verifier.hpp"

#include <gtest/gtest.h>

namespace coatcheck::verify {
namespace {

using base::Reason;
using base::Timestamp;
using Kind = Revocation::Kind;
using namespace std::chrono_literals;

const Timestamp now = base::from_unix_seconds(1'800'000'000);
const Timestamp later = now + 900s;

const crypto::SigningKey& key() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa);
    return key;
}

token::AccessClaims good() {
    token::AccessClaims claims;
    claims.issuer = "https://id.example";
    claims.audience = {"https://api.example"};
    claims.subject = "user";
    claims.session = "session";
    claims.issued = now;
    claims.expires = later;
    claims.authenticated = now;
    claims.version = 3;
    return claims;
}

class Order : public testing::Test {
protected:
    Order() { keys.replace({{"k", key().public_key()}}); }
    Reason refusal(std::string_view token, Timestamp at = now) {
        const auto proof = verifier.check(token, at);
        EXPECT_FALSE(proof);
        return proof ? Reason::internal_error : proof.error().reason;
    }
    bool counts(std::string_view token, Timestamp at = now) { return verifier.check(token, at).has_value(); }
    static std::string minted(const token::AccessClaims& claims = good()) {
        return token::mint(claims, "k", key());
    }
    static std::string forged(std::string token) {
        token.back() = token.back() == 'A' ? 'Q' : 'A';  // both characters leave the unused bits zero
        return token;
    }

    KeySet keys;
    Revocations revocations;
    Verifier verifier{{"https://id.example", "https://api.example"}, keys, revocations};
};

TEST_F(Order, FormComesBeforeKey) {
    const std::string unknown_key = token::mint(good(), "nobody", key());
    EXPECT_EQ(refusal(unknown_key), Reason::token_not_ours);
    EXPECT_EQ(refusal(unknown_key + "="), Reason::token_malformed);
    EXPECT_EQ(refusal(unknown_key + std::string(8192, 'A')), Reason::token_malformed);
}

TEST_F(Order, SignatureComesBeforeWhatTheClaimsSay) {
    auto claims = good();
    claims.expires = now - 1s;
    EXPECT_EQ(refusal(minted(claims)), Reason::token_expired);
    EXPECT_EQ(refusal(forged(minted(claims))), Reason::token_not_ours);
    claims.subject = "";
    EXPECT_EQ(refusal(minted(claims)), Reason::token_malformed);
    EXPECT_EQ(refusal(forged(minted(claims))), Reason::token_not_ours);
}

TEST_F(Order, IssuerAndAudienceComeBeforeTime) {
    auto claims = good();
    claims.expires = now - 1s;
    claims.audience = {"https://other.example"};
    EXPECT_EQ(refusal(minted(claims)), Reason::token_not_ours);
    claims.audience = good().audience;
    claims.issuer = "https://other.example";
    EXPECT_EQ(refusal(minted(claims)), Reason::token_not_ours);
}

TEST_F(Order, TimeComesBeforeRevocation) {
    revocations.load({{Kind::session, "session", 0, later}, {Kind::user_revoked, "user", 9, later}});
    const std::string token = minted();
    EXPECT_EQ(refusal(token), Reason::token_revoked);
    EXPECT_EQ(refusal(token, later), Reason::token_expired);
    auto early = good();
    early.issued = now + 61s;
    EXPECT_EQ(refusal(minted(early)), Reason::token_not_yet_valid);
}

TEST_F(Order, RevokedComesBeforeStale) {
    revocations.load({{Kind::user_stale, "user", 4, later}});
    const std::string token = minted();
    EXPECT_EQ(refusal(token), Reason::token_stale);
    revocations.add({{Kind::user_revoked, "user", 4, later}});
    EXPECT_EQ(refusal(token), Reason::token_revoked);
    revocations.load({{Kind::user_stale, "user", 4, later}, {Kind::session, "session", 0, later}});
    EXPECT_EQ(refusal(token), Reason::token_revoked);
    revocations.load(
        {{Kind::user_stale, "user", 4, later}, {Kind::issued_before, "", base::unix_seconds(now), later}});
    EXPECT_EQ(refusal(token), Reason::token_revoked);
}

TEST_F(Order, NotReadyIsToldOfGoodTokensAlone) {
    const std::string token = minted();
    EXPECT_EQ(refusal(token), Reason::not_ready);
    EXPECT_EQ(refusal(token), Reason::not_ready);  // from the cache, too
    EXPECT_EQ(refusal("nonsense"), Reason::token_malformed);
    EXPECT_EQ(refusal(forged(token)), Reason::token_not_ours);
    EXPECT_EQ(refusal(token, later), Reason::token_expired);
    revocations.load({});
    EXPECT_TRUE(counts(token));
}

TEST_F(Order, EntriesBeforeTheFirstLoadDoNotMakeItReady) {
    revocations.add({{Kind::session, "other", 0, later}});
    EXPECT_EQ(refusal(minted()), Reason::not_ready);
}

TEST_F(Order, RevocationAfterCachingRefusesAtOnce) {
    revocations.load({});
    const std::string token = minted();
    for (const Revocation& entry :
         {Revocation{Kind::session, "session", 0, later}, Revocation{Kind::user_revoked, "user", 4, later},
          Revocation{Kind::issued_before, "", base::unix_seconds(now), later}}) {
        revocations.load({});
        ASSERT_TRUE(counts(token));
        ASSERT_TRUE(counts(token));
        revocations.add({entry});
        EXPECT_EQ(refusal(token), Reason::token_revoked);
        EXPECT_EQ(refusal(token), Reason::token_revoked);
    }
    revocations.load({});
    ASSERT_TRUE(counts(token));
    revocations.add({{Kind::user_stale, "user", 4, later}});
    EXPECT_EQ(refusal(token), Reason::token_stale);
}

TEST_F(Order, RevocationOfOthersLeavesATokenAlone) {
    revocations.load({});
    const std::string token = minted();
    ASSERT_TRUE(counts(token));
    revocations.add({{Kind::session, "session2", 0, later},
                     {Kind::session, "user", 0, later},
                     {Kind::session, "", 0, later},
                     {Kind::user_revoked, "session", 99, later},
                     {Kind::user_revoked, "user2", 99, later},
                     {Kind::user_revoked, "user", 3, later},
                     {Kind::user_stale, "user", 3, later},
                     {Kind::issued_before, "", base::unix_seconds(now) - 1, later}});
    EXPECT_TRUE(counts(token));
}

TEST_F(Order, VersionAtTheMinimumCounts) {
    revocations.load({{Kind::user_revoked, "user", 3, later}});
    EXPECT_TRUE(counts(minted()));
    auto older = good();
    older.version = 2;
    EXPECT_EQ(refusal(minted(older)), Reason::token_revoked);
}

TEST_F(Order, SigningOutTakesTokensThatAreOver) {
    revocations.load({{Kind::session, "session", 0, later}});
    auto claims = good();
    claims.expires = now - 1h;
    ASSERT_TRUE(verifier.check_even_if_over(minted(claims)));
    EXPECT_EQ(verifier.check_even_if_over(minted(claims))->session, "session");
    EXPECT_EQ(verifier.check_even_if_over(forged(minted(claims))).error().reason, Reason::token_not_ours);
    claims.audience = {"https://other.example"};
    EXPECT_EQ(verifier.check_even_if_over(minted(claims)).error().reason, Reason::token_not_ours);
    keys.replace({});
    EXPECT_EQ(verifier.check_even_if_over(minted()).error().reason, Reason::token_not_ours);
}

}  // namespace
}  // namespace coatcheck::verify
