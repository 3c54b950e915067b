// SPDX-License-Identifier: Apache-2.0
// The verifier decides whether an access token is valid. All verifiers make the checks in this order, so that
// they give one verdict: size, form, key and algorithm, signature, typ / iss / aud, exp, revoked, stale.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "token/claims.hpp"
#include "token/jwe.hpp"
#include "verify/key_set.hpp"
#include "verify/revocations.hpp"

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::verify {

struct Policy {
    std::string issuer;
    std::string audience;
    bool keep_payload = false;  // fill AccessClaims::payload
    // The keys of encrypted tokens; nullptr: none are accepted. `only_encrypted`: no others are accepted (RFC
    // 9068 §4).
    std::shared_ptr<const token::CurrentEncryptionKeys> encryption{};
    bool only_encrypted = false;
    // Audiences that are accepted besides `audience`: the caller compares them with what it serves.
    std::vector<std::string> more_audiences{};
    // True if one of these is accepted.
    bool accepts(const std::vector<std::string>& audiences) const;
};

struct Explanation;

// A proof, as the cache keeps it.
struct Proof {
    // The caller may keep the claims longer than the proof.
    std::shared_ptr<const token::AccessClaims> claims;
    // When the token is valid by its claims. Copied, because the claims lie elsewhere in memory.
    base::Timestamp begins{}, ends{};
    // True if the token is for Policy::audience, and not only for one of more_audiences.
    bool is_for_audience = true;
    std::uint64_t key_generation = 0;
    std::uint64_t revocation_generation = 0;
    std::string answer;  // a place for an answer that the caller prepares; empty at first
};

// How far the iat of a token may be ahead of this clock: the clocks of nodes differ.
inline constexpr base::Duration max_clock_difference = std::chrono::seconds(60);

// Returns the JWT inside an encrypted token, or the token itself, as the policy says. `storage` holds the
// decrypted text, into which the result points. token_not_ours for a plain token if the policy accepts only
// encrypted ones.
base::Result<std::string_view> jwt_of(std::string_view token, const Policy& policy, std::string& storage);

// Makes all checks up to typ / iss / aud, but not those of time and revocations. Sets `forged` to true if the
// signature was checked and is not by the key that the token names.
base::Result<token::AccessClaims> prove(std::string_view token, const KeySet& keys, const Policy& policy,
                                        bool* forged = nullptr);

// Each thread has its own: not thread-safe. `keys` and `revocations` are shared and must outlive this object.
class Verifier {
public:
    Verifier(Policy policy, const KeySet& keys, const Revocations& revocations,
             std::size_t max_cached = 16384)
        : policy_(std::move(policy)), keys_(keys), revocations_(revocations), max_cached_(max_cached) {}

    // Returns the proof, valid until the next call, or the reason to refuse the token. A forged token that
    // comes again mostly gets its verdict from memory, without the cost of a signature check.
    base::Result<Proof*> check(std::string_view token, base::Timestamp now);

    // The three steps of check(), for callers that share a Verifier behind a lock and must not hold the lock
    // during a signature check. check_seen() looks for a token seen before (nullopt: it was not). prove_new()
    // checks a new token, on any thread. keep() puts the proof into the cache.
    std::optional<base::Result<Proof*>> check_seen(std::string_view token, base::Timestamp now);
    base::Result<Proof> prove_new(std::string_view token, bool* forged = nullptr) const;
    base::Result<Proof*> keep(std::string_view token, Proof proof, base::Timestamp now);

    // Which check failed; nullopt: check() answers no token_not_ours (verify/explanation.hpp).
    std::optional<Explanation> explain_not_ours(std::string_view token) const;

    // As check(), but also accepts a token that has expired or was revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_even_if_over(std::string_view token) const {
        return prove(token, keys_, policy_);
    }

    // True if the verifier remembers that it refused this token for its signature.
    bool was_refused(std::string_view token) const;

    // How many proofs the cache holds.
    std::size_t cached() const { return cache_.size(); }

private:
    // The cache finds a token by its last characters, and then compares the whole token. Only proven tokens
    // enter the cache, so these characters belong to a valid signature: they spread well, and a sender cannot
    // choose them.
    using Tail = std::array<char, 16>;
    struct TailHash {
        std::size_t operator()(const Tail& tail) const {
            std::size_t start;
            std::memcpy(&start, tail.data(), sizeof start);
            return start;
        }
    };
    struct Kept {
        std::string token;
        Proof proof;
        // Used since it entered the cache, or since make_room_for() last passed it.
        bool is_used = false;
    };
    // Each line of memory that is not in a core's cache costs as much as everything else here. So the table
    // has no nodes, and data that is read together lies together.
    using Cache = boost::unordered_flat_map<Tail, Kept, TailHash>;

    // A token whose signature is by no key of that generation. Its last characters give it its one place in
    // the table. The sender can choose these characters, but gains nothing except the place of another
    // refused token.
    struct Refused {
        Tail tail{};
        std::uint64_t key_generation = 0;
        std::string digest;  // SHA-256 of the whole token
    };
    static constexpr int refused_bits = 10;

    static Tail tail_of(std::string_view token);
    // The multiplication mixes the bits, because characters of base64url differ in few bits.
    static std::size_t place_of(const Tail& tail) {
        return (TailHash{}(tail)*0x9E3779B97F4A7C15ULL) >> (64 - refused_bits);
    }
    void note_refused(std::string_view token, std::uint64_t key_generation);
    Proof* find(std::string_view token);
    void make_room_for(const Tail& tail);
    base::Result<Proof*> judge(Proof& proof, base::Timestamp now) const;

    Policy policy_;
    const KeySet& keys_;
    const Revocations& revocations_;
    std::size_t max_cached_;
    Cache cache_;
    // The tails of all tokens in the cache. When the cache is full, the hand goes on to a token that was not
    // used since the hand last passed it. This token falls out, and the new one takes its place ("second
    // chance").
    std::vector<Tail> ring_;
    std::size_t hand_ = 0;
    std::vector<Refused> refused_;  // empty until a token is refused
};

}  // namespace coatcheck::verify
