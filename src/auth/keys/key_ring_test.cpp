// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/key_ring.hpp"

#include "store/memory/store.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace coatcheck::auth {
namespace {

using namespace std::chrono_literals;
using crypto::Algorithm;

class KeyRing : public testing::Test {
protected:
    Timestamp now = base::from_unix_seconds(1'800'000'000);
    store::MemoryStore store{[this] { return now; }};
    base::Secret sealing_key{std::string(32, 's')};

    template <class F>
    auto step(F f) {
        std::optional<std::invoke_result_t<F, Store&>> out;
        store.run([&](Store& s) { out.emplace(f(s)); });
        return *std::move(out);
    }
    Ring ensured(Algorithm algorithm = Algorithm::es256, Duration token_life = 15min) {
        return step([&](Store& s) {
            ensure_keys(s, sealing_key, algorithm, token_life);
            return load_ring(s, sealing_key);
        });
    }
    Ring rotated(Algorithm algorithm = Algorithm::es256) {
        return step([&](Store& s) {
            rotate_keys(s, sealing_key, algorithm);
            return load_ring(s, sealing_key);
        });
    }
    bool tend(Duration period = 24h * 90) {
        return step([&](Store& s) { return tend_keys(s, sealing_key, Algorithm::es256, period); });
    }
    static bool publishes(const Ring& ring, const std::string& id) {
        return std::any_of(ring.published.begin(), ring.published.end(),
                           [&](const auto& key) { return key.key_id == id; });
    }
};

TEST_F(KeyRing, IsMadeOnceAndKept) {
    const Ring first = ensured();
    EXPECT_EQ(first.published.size(), 2U) << "current and next";
    EXPECT_EQ(ensured().current_id, first.current_id);
}

TEST_F(KeyRing, TheNextKeyIsPublishedBeforeItSigns) {
    const Ring before = ensured();
    const Ring after = rotated();
    EXPECT_NE(after.current_id, before.current_id);
    EXPECT_TRUE(publishes(before, after.current_id));
    EXPECT_TRUE(publishes(after, before.current_id)) << "tokens it signed are still out there";
    EXPECT_EQ(before.mac_key->reveal(), after.mac_key->reveal());
}

TEST_F(KeyRing, RetiredKeysGoWhenTheirLastTokenIsOver) {
    const std::string old = ensured().current_id;
    rotated();
    now += 15min;
    EXPECT_FALSE(tend());
    now += 3min;
    EXPECT_TRUE(tend());
    EXPECT_FALSE(publishes(ensured(), old));
}

TEST_F(KeyRing, TokensThatLivedLongerOnceAreWaitedForByKeysThatFollow) {
    ensured(Algorithm::es256, 24h);
    const std::string old = ensured(Algorithm::es256, 15min).current_id;
    const std::string second = rotated().current_id;
    now += 24h;
    EXPECT_FALSE(tend());
    now += 3min;
    EXPECT_TRUE(tend());
    EXPECT_FALSE(publishes(ensured(), old));
    rotated();  // a node with the earlier configuration may have signed with this key
    now += 24h;
    EXPECT_FALSE(tend());
    EXPECT_TRUE(publishes(ensured(), second));
}

TEST_F(KeyRing, TheRevocationOfAKeyLastsAsLongAsItsTokens) {
    const std::string first = ensured().current_id;
    const std::string second = rotated().current_id;
    const auto last = [&](const std::string& id) {
        return step([&](Store& s) {
            EXPECT_TRUE(revoke_key(s, sealing_key, id, Algorithm::es256));
            return s.load_revocations().back().expires;
        });
    };
    now += 5min;
    EXPECT_GE(last(first), now + 10min) << "it signed until five minutes ago";
    EXPECT_LE(last(second), now + 20min);
    const std::string third = ensured().current_id;
    EXPECT_GE(last(third), now + 15min) << "it signs what the one before would have";
}

TEST_F(KeyRing, RotatesByItselfWhenDue) {
    const std::string first = ensured().current_id;
    now += 24h - 1s;
    EXPECT_FALSE(tend(24h));
    now += 1s;
    EXPECT_TRUE(tend(24h));
    EXPECT_NE(ensured().current_id, first);
}

TEST_F(KeyRing, ARevokedKeyIsGoneAtOnce) {
    const Ring before = ensured();
    const std::string current = before.current_id;
    const Ring after = step([&](Store& s) {
        EXPECT_TRUE(revoke_key(s, sealing_key, current, Algorithm::es256));
        EXPECT_FALSE(revoke_key(s, sealing_key, current, Algorithm::es256));
        EXPECT_FALSE(revoke_key(s, sealing_key, "1", Algorithm::es256)) << "the MAC key is no signing key";
        return load_ring(s, sealing_key);
    });
    EXPECT_FALSE(publishes(after, current));
    EXPECT_EQ(after.published.size(), 2U);
    // Verifiers of others fetch the key set again only for a kid that they do not know (issue 20).
    for (const auto& key : after.published) EXPECT_FALSE(publishes(before, key.key_id)) << key.key_id;
}

TEST_F(KeyRing, AnotherAlgorithmTakesOverAndOldTokensStayGood) {
    const std::string old = ensured().current_id;
    const Ring after = ensured(Algorithm::eddsa);
    EXPECT_EQ(after.current->algorithm(), Algorithm::eddsa);
    EXPECT_TRUE(publishes(after, old));
}

TEST_F(KeyRing, NeedsTheKeyItWasSealedWith) {
    ensured();
    store.run(
        [](Store& s) { EXPECT_THROW(load_ring(s, base::Secret(std::string(32, 'x'))), std::runtime_error); });
}

TEST_F(KeyRing, HoldsNoSecretInThePlain) {
    const Ring ring = ensured();
    const auto pkcs8 = ring.current->to_pkcs8();
    store.run([&](Store& s) {
        for (const auto& key : s.load_keys()) {
            EXPECT_EQ(key.sealed.find(pkcs8.reveal().substr(36, 32)), std::string::npos);
            EXPECT_EQ(key.sealed.find(ring.mac_key->reveal()), std::string::npos);
        }
    });
}

}  // namespace
}  // namespace coatcheck::auth
