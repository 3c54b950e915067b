// SPDX-License-Identifier: Apache-2.0
// Keys and revocations change while other threads check tokens. Once a change has returned, the next check
// must see it, whatever the caches hold. Also to be run under ThreadSanitizer.
#include "base/reason.hpp"
#include "verify/verifier.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <thread>
#include <vector>

namespace coatcheck::verify {
namespace {

using base::Reason;
using base::Timestamp;
using namespace std::chrono_literals;

const Timestamp now = base::from_unix_seconds(1'800'000'000);
const Policy policy{"https://id.example", "https://api.example"};

const crypto::SigningKey& stays() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa);
    return key;
}
const crypto::SigningKey& comes_and_goes() {
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::eddsa);
    return key;
}

std::string token_of(int session, const crypto::SigningKey& key, const char* key_id) {
    token::AccessClaims claims;
    claims.issuer = policy.issuer;
    claims.audience = {policy.audience};
    claims.subject = "user " + std::to_string(session);
    claims.session = "session " + std::to_string(session);
    claims.issued = claims.authenticated = now;
    claims.expires = now + 900s;
    return token::mint(claims, key_id, key);
}

TEST(VerifierConcurrency, ConcurrentRevocationIsSeenByEveryCheckAfterIt) {
    constexpr int sessions = 120;
    std::vector<std::string> tokens;
    for (int i = 0; i < sessions; ++i) tokens.push_back(token_of(i, stays(), "stays"));
    KeySet keys;
    keys.replace({{"stays", stays().public_key()}});
    Revocations revocations;
    revocations.load({});
    std::atomic<int> revoked{0}, wrong{0}, checks{0};
    std::atomic<bool> over{false};

    std::vector<std::jthread> checkers;
    for (int t = 0; t < 3; ++t)
        checkers.emplace_back([&, t] {
            Verifier verifier(policy, keys, revocations, t == 0 ? 16 : 16384);
            while (!over.load()) {
                for (int i = 0; i < sessions; ++i) {
                    const bool must_be_refused = i < revoked.load();
                    const auto proof = verifier.check(tokens[static_cast<std::size_t>(i)], now);
                    ++checks;
                    if (proof ? must_be_refused : proof.error().reason != Reason::token_revoked) ++wrong;
                    // A session that was not yet revoked when the answer came must not be refused.
                    if (!proof && i > revoked.load()) ++wrong;
                }
            }
        });
    for (int i = 0; i < sessions; ++i) {
        const int seen = checks.load();
        if (i % 2 == 0)
            revocations.add({{Revocation::Kind::session, "session " + std::to_string(i), 0, now + 900s}});
        else revocations.add({{Revocation::Kind::user_revoked, "user " + std::to_string(i), 1, now + 900s}});
        revoked.store(i + 1);
        if (i % 50 == 0) revocations.sweep(now);
        while (checks.load() < seen + 15) std::this_thread::yield();  // wait for some checks
    }
    over = true;
    checkers.clear();
    EXPECT_EQ(wrong, 0);
    Verifier verifier(policy, keys, revocations);
    for (const auto& token : tokens) EXPECT_FALSE(verifier.check(token, now));
}

TEST(VerifierConcurrency, ConcurrentKeyChangeIsSeenByEveryCheckAfterIt) {
    const std::string lasting = token_of(1, stays(), "stays"),
                      passing = token_of(2, comes_and_goes(), "passing");
    const std::vector<token::Jwk> both{{"stays", stays().public_key()},
                                       {"passing", comes_and_goes().public_key()}},
        one{{"stays", stays().public_key()}};
    KeySet keys;
    keys.replace(both);
    Revocations revocations;
    revocations.load({});
    // Grows before and after each change: 4n is "both keys", 4n+2 is "one key", odd is "changing".
    std::atomic<int> state{0}, wrong{0}, checks{0};
    std::atomic<bool> over{false};

    std::vector<std::jthread> checkers;
    for (int t = 0; t < 3; ++t)
        checkers.emplace_back([&] {
            Verifier verifier(policy, keys, revocations);
            while (!over.load()) {
                if (!verifier.check(lasting, now)) ++wrong;
                const int before = state.load();
                const bool counted = verifier.check(passing, now).has_value();
                const int after = state.load();
                if (before == after && before % 2 == 0 && counted != (before % 4 == 0)) ++wrong;
                ++checks;
            }
        });
    for (int i = 0; i < 100; ++i) {
        ++state;
        keys.replace(i % 2 == 0 ? one : both);
        ++state;
        const int seen = checks.load();
        while (checks.load() < seen + 10) std::this_thread::yield();
    }
    over = true;
    checkers.clear();
    EXPECT_EQ(wrong, 0);
}

TEST(VerifierConcurrency, ConcurrentLoadsNeverLetATokenSlipThrough) {
    const std::string ended = token_of(1, stays(), "stays"), live = token_of(2, stays(), "stays");
    KeySet keys;
    keys.replace({{"stays", stays().public_key()}});
    Revocations revocations;
    revocations.load({{Revocation::Kind::session, "session 1", 0, now + 900s}});
    std::atomic<int> wrong{0}, checks{0};
    std::atomic<bool> over{false};
    std::vector<std::jthread> checkers;
    for (int t = 0; t < 3; ++t)
        checkers.emplace_back([&] {
            Verifier verifier(policy, keys, revocations);
            while (!over.load()) {
                if (verifier.check(ended, now)) ++wrong;
                if (!verifier.check(live, now)) ++wrong;
                ++checks;
            }
        });
    for (int i = 0; i < 100; ++i) {
        std::vector<Revocation> table{{Revocation::Kind::session, "session 1", 0, now + 900s}};
        for (int other = 0; other < 50; ++other)
            table.push_back({Revocation::Kind::session, "other " + std::to_string(other), 0, now + 900s});
        revocations.load(table);
        const int seen = checks.load();
        while (checks.load() < seen + 10) std::this_thread::yield();
    }
    over = true;
    checkers.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace coatcheck::verify
