// SPDX-License-Identifier: Apache-2.0
// The verifier: what a token must be to be believed, in this order everywhere, so that all verifiers give one
// verdict: size, form, key and algorithm, signature, typ / iss / aud, exp, revoked, stale.
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
    bool keep_payload = false;  // AccessClaims::payload is filled
    // Of encrypted tokens; nullptr: none are taken. `only_encrypted`: no others are (RFC 9068 §4).
    std::shared_ptr<const token::EncryptionKeys> encryption{};
    bool only_encrypted = false;
};

// A token that has been proven, as the cache keeps it.
struct Proof {
    std::shared_ptr<const token::AccessClaims>
        claims;  // may outlive the proof, in the hands of whoever asked
    base::Timestamp begins{},
        ends{};  // when it is good by what the claims say: here, for the claims lie elsewhere in memory
    std::uint64_t key_generation = 0;
    std::uint64_t revocation_generation = 0;
    std::string answer;  // a place for the caller's ready-made answer; empty at first
};

// How far an own token's iat may lie ahead of this clock: nodes differ.
inline constexpr base::Duration max_clock_difference = std::chrono::seconds(60);

// The JWT inside of an encrypted token, or the token itself, by what the policy says of encryption.
base::Result<std::string_view> jwt_of(std::string_view token, const Policy& policy, std::string& storage);

// Everything up to typ / iss / aud, without time and revocation: "this is a token of ours". `forged`: its
// signature was looked at, and is not by the key that it names.
base::Result<token::AccessClaims> prove(std::string_view token, const KeySet& keys, const Policy& policy,
                                        bool* forged = nullptr);

// One for each thread; not thread-safe itself. Keys and revocations are shared and must outlive it.
class Verifier {
public:
    Verifier(Policy policy, const KeySet& keys, const Revocations& revocations,
             std::size_t max_cached = 16384)
        : policy_(std::move(policy)), keys_(keys), revocations_(revocations), max_cached_(max_cached) {}

    // The proof, valid until the next call, or the reason why not. Who sends a forged one again and again
    // mostly gets the verdict from memory, and not for the price of a signature.
    base::Result<Proof*> check(std::string_view token, base::Timestamp now);

    // check() in its three steps, for those who share a Verifier behind a lock and do not hold it for a
    // signature: a token seen before (nullopt: it was not); a new one, from any thread; and taking up what
    // was proven.
    std::optional<base::Result<Proof*>> check_seen(std::string_view token, base::Timestamp now);
    base::Result<Proof> prove_new(std::string_view token, bool* forged = nullptr) const;
    base::Result<Proof*> keep(std::string_view token, Proof proof, base::Timestamp now);

    // The same for a token that may have expired or been revoked: signing out twice is no error.
    base::Result<token::AccessClaims> check_ignoring_time(std::string_view token) const {
        return prove(token, keys_, policy_);
    }

    // It holds this token as one that it has refused for its signature.
    bool was_refused(std::string_view token) const;

    // How many proven tokens it holds.
    std::size_t cached() const { return cache_.size(); }

private:
    // A token is found by its last characters, and then compared in whole. Only proven tokens get in, so
    // those characters, which are of the signature, spread well and cannot be chosen.
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
        bool is_used = false;  // since it came, or was last thought of as one to fall out
    };
    // Each line of memory that is not in a core's cache costs as much as all else here: so no nodes, and what
    // is read lies together.
    using Cache = boost::unordered_flat_map<Tail, Kept, TailHash>;

    // A token whose signature is by no key of that generation. Each has one place, by its last characters.
    // They are the sender's to choose: so there is nothing to gain but the place of another one that was
    // refused.
    struct Refused {
        Tail tail{};
        std::uint64_t key_generation = 0;
        std::string digest;  // SHA-256 of all of it
    };
    static constexpr int refused_bits = 10;

    static Tail tail_of(std::string_view token);
    static std::size_t place_of(const Tail& tail) {
        return (TailHash{}(tail)*0x9E3779B97F4A7C15ULL) >> (64 - refused_bits);
    }  // mixed: the characters' own bits are few
    void note_refused(std::string_view token, std::uint64_t key_generation);
    Proof* find(std::string_view token);
    void make_room_for(const Tail& tail);
    base::Result<Proof*> judge(Proof& proof, base::Timestamp now) const;

    Policy policy_;
    const KeySet& keys_;
    const Revocations& revocations_;
    std::size_t max_cached_;
    Cache cache_;
    // All that are in it. Where there is no room left, the hand goes on to one that was not used since it
    // last came by, which falls out for the one that comes in ("second chance").
    std::vector<Tail> ring_;
    std::size_t hand_ = 0;
    std::vector<Refused> refused_;  // empty until there is one
};

}  // namespace coatcheck::verify
