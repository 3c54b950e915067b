// SPDX-License-Identifier: Apache-2.0
// The cache of proofs, seen from outside. `answer` is the caller's place in a proof; it is empty in a new
// proof.
#include "base/reason.hpp"
#include "verify/verifier.hpp"

#include <gtest/gtest.h>

namespace coatcheck::verify {
namespace {

using base::Reason;
using base::Timestamp;
using namespace std::chrono_literals;

const Timestamp now = base::from_unix_seconds(1'800'000'000);

const crypto::SigningKey& key() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa);
    return key;
}

std::string token_of(const std::string& user, Timestamp expires = now + 900s) {
    token::AccessClaims claims;
    claims.issuer = "https://id.example";
    claims.audience = {"https://api.example"};
    claims.subject = user;
    claims.session = "session of " + user;
    claims.issued = now;
    claims.expires = expires;
    claims.authenticated = now;
    return token::mint(claims, "k", key());
}

class Cache : public testing::Test {
protected:
    Cache() {
        keys.replace({{"k", key().public_key()}});
        revocations.load({});
    }
    // Checks the token. True if its proof was in the cache already.
    bool was_cached(Verifier& verifier, const std::string& token) {
        const auto proof = verifier.check(token, now);
        EXPECT_TRUE(proof);
        if (!proof) return false;
        const bool cached = (*proof)->answer == "seen";
        (*proof)->answer = "seen";
        return cached;
    }

    KeySet keys;
    Revocations revocations;
    const Policy policy{"https://id.example", "https://api.example"};
    Verifier large{policy, keys, revocations};
    Verifier small{policy, keys, revocations, 8};
};

TEST_F(Cache, ProofIsMadeOnce) {
    const std::string token = token_of("a");
    EXPECT_FALSE(was_cached(large, token));
    EXPECT_TRUE(was_cached(large, token));
    Proof* first = large.check(token, now).value();
    // The cache finds the token by its bytes, whatever their address.
    EXPECT_EQ(first, large.check(std::string(token), now).value());
}

TEST_F(Cache, OneThreadsCacheIsItsOwn) {
    const std::string token = token_of("a");
    EXPECT_FALSE(was_cached(large, token));
    EXPECT_FALSE(was_cached(small, token));
}

TEST_F(Cache, HitTakesEveryByteToBeTheSame) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    // `other` has the tail of the proven token, by which the cache finds it, but differs in another place.
    for (std::size_t i = 0; i < token.size() - 32; ++i) {
        std::string other = token;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        ASSERT_FALSE(large.check(other, now)) << i;
    }
    ASSERT_FALSE(large.check(token.substr(token.size() - 32), now));
    ASSERT_FALSE(large.check(token.substr(1), now));
    EXPECT_TRUE(was_cached(large, token));
}

TEST_F(Cache, DroppedKeyVoidsTheProof) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    ASSERT_TRUE(was_cached(large, token));
    keys.replace({{"other", crypto::SigningKey::generate(crypto::Algorithm::eddsa).public_key()}});
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
}

TEST_F(Cache, AnotherKeyUnderTheSameIdVoidsTheProof) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    keys.replace({{"k", crypto::SigningKey::generate(crypto::Algorithm::eddsa).public_key()}});
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
}

TEST_F(Cache, KeyThatStayedIsProvenAnew) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    keys.replace({{"k", key().public_key()},
                  {"next", crypto::SigningKey::generate(crypto::Algorithm::es256).public_key()}});
    EXPECT_FALSE(was_cached(large, token));
    EXPECT_TRUE(was_cached(large, token));
}

TEST_F(Cache, DroppedKeyVoidsTheProofsOfAFullCacheToo) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(small, token));
    for (int i = 0; i < 7; ++i) ASSERT_FALSE(was_cached(small, token_of("other " + std::to_string(i))));
    keys.replace({});
    EXPECT_EQ(small.check(token, now).error().reason, Reason::token_not_ours);
}

TEST_F(Cache, RevocationKeepsTheProofButNotTheVerdict) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    revocations.add({{Revocation::Kind::session, "session of b", 0, now + 900s}});
    EXPECT_TRUE(was_cached(large, token));
    revocations.add({{Revocation::Kind::session, "session of a", 0, now + 900s}});
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_revoked);
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_revoked);
}

TEST_F(Cache, ProofDoesNotOutliveItsToken) {
    const std::string token = token_of("a");
    ASSERT_FALSE(was_cached(large, token));
    EXPECT_EQ(large.check(token, now + 900s).error().reason, Reason::token_expired);
}

TEST_F(Cache, TokensInUseStayWhileOthersPass) {
    const std::string used = token_of("used");
    ASSERT_FALSE(was_cached(small, used));
    for (int i = 0; i < 100; ++i) {
        ASSERT_FALSE(was_cached(small, token_of("passer-by " + std::to_string(i))));
        ASSERT_TRUE(was_cached(small, used)) << i;
    }
}

TEST_F(Cache, AsManyAsThereIsRoomForAllStay) {
    for (int round = 0; round < 5; ++round)
        for (int i = 0; i < 8; ++i)
            EXPECT_EQ(was_cached(small, token_of(std::to_string(i))), round > 0) << round << ' ' << i;
}

TEST_F(Cache, TokenOutOfUseFallsOut) {
    const std::string once = token_of("once");
    ASSERT_FALSE(was_cached(small, once));
    for (int i = 0; i < 16; ++i) ASSERT_FALSE(was_cached(small, token_of("passer-by " + std::to_string(i))));
    EXPECT_EQ(small.cached(), 8U);
    EXPECT_FALSE(was_cached(small, once));
}

TEST_F(Cache, ForgedTokensNeverGetIn) {
    const std::string used = token_of("used");
    ASSERT_FALSE(was_cached(small, used));
    for (int i = 0; i < 200; ++i) {
        std::string forged = token_of("forged " + std::to_string(i));
        forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
        ASSERT_FALSE(small.check(forged, now));
        ASSERT_FALSE(small.check(forged, now));
    }
    EXPECT_TRUE(was_cached(small, used));  // though nobody used it meanwhile
}

TEST_F(Cache, ForgedTokenStaysForgedAfterTheHonestOneWasSeen) {
    const std::string honest = token_of("a");
    std::string forged = honest;
    forged[honest.find('.') + 5] ^= 1;
    EXPECT_FALSE(large.check(forged, now));
    EXPECT_FALSE(was_cached(large, honest));
    EXPECT_FALSE(large.check(forged, now));
    EXPECT_TRUE(was_cached(large, honest));
}

// The verifier remembers a refused token only if a key did not match its signature, and only until the keys
// change.
TEST_F(Cache, RefusedTokenIsGoodOnceItsKeyHasCome) {
    const std::string token = token_of("a");
    keys.replace({{"other", crypto::SigningKey::generate(crypto::Algorithm::eddsa).public_key()}});
    EXPECT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
    EXPECT_FALSE(large.was_refused(token)) << "there was no key to hold it against";
    keys.replace({{"k", crypto::SigningKey::generate(crypto::Algorithm::eddsa).public_key()}});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
    EXPECT_TRUE(large.was_refused(token));
    keys.replace({{"k", key().public_key()}});
    EXPECT_FALSE(large.was_refused(token));
    EXPECT_FALSE(was_cached(large, token));
    EXPECT_TRUE(was_cached(large, token));
}

TEST_F(Cache, RefusedTokenWithTheTailOfAGoodOneLeavesThatGood) {
    const std::string honest = token_of("a");
    std::string forged = honest;
    forged[honest.find('.') + 5] ^= 1;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(large.check(forged, now).error().reason, Reason::token_not_ours);
        EXPECT_TRUE(large.was_refused(forged));
        EXPECT_TRUE(large.check(honest, now));
        EXPECT_FALSE(large.was_refused(honest));
    }
}

TEST_F(Cache, EachVerdictOfARefusedTokenIsTheSame) {
    std::vector<std::string> forged;
    for (int i = 0; i < 3000; ++i) {  // more than the table has places
        std::string token = token_of("forged");
        const std::string number = std::to_string(10'000 + i);
        forged.push_back(token.replace(token.size() - 16, number.size(), number));
    }
    for (int round = 0; round < 2; ++round)
        for (const auto& token : forged)
            ASSERT_EQ(large.check(token, now).error().reason, Reason::token_not_ours);
    EXPECT_EQ(large.cached(), 0U);
    const auto remembered = std::ranges::count_if(
        forged, [&](const auto& token) { return large.was_refused(token); });
    EXPECT_GT(remembered, 512);  // most of the places
    EXPECT_LE(remembered, 1024);
}

TEST_F(Cache, TinyCachesWorkToo) {
    for (std::size_t size : {0u, 1u, 2u, 3u}) {
        Verifier verifier(policy, keys, revocations, size);
        for (int i = 0; i < 10; ++i) EXPECT_TRUE(verifier.check(token_of(std::to_string(i)), now)) << size;
    }
}

}  // namespace
}  // namespace coatcheck::verify
