// SPDX-License-Identifier: Apache-2.0
// The table of revocations, held in memory so that a check needs no look-up elsewhere.
//
// An entry lives only as long as the tokens that it concerns. `generation()` grows with each addition. A
// token that was checked at generation g needs no look-up as long as the generation is g, so the check of a
// cached proof costs one atomic load.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace coatcheck::verify {

struct Revocation {
    enum class Kind {
        session,        // tokens of the session `subject` are revoked
        user_revoked,   // tokens of the user `subject` with ver < minimum are revoked
        user_stale,     // tokens of the user `subject` with ver < minimum are stale
        issued_before,  // every token issued at or before `minimum` (Unix seconds) is revoked
        // The signing key `subject` is compromised: its tokens are not ours, and all proofs made with it are
        // void.
        key,
        // Tokens of the user `subject` that another issuer issued until `minimum` (Unix seconds) are revoked.
        foreign_before,
        // The index `minimum` of the Token Status Lists has ended. Our own verifiers skip this entry.
        status,
        // All indexes below `minimum` have ended (a backup was restored). Our own verifiers skip this entry.
        status_below,
    };
    Kind kind;
    std::string subject;
    std::int64_t minimum = 0;
    base::Timestamp expires;  // when the last token that it concerns has expired
    std::uint64_t id = 0;     // given by the store, in the order of commits
};

// The `minimum` of a `foreign_before` entry that revokes a user's foreign tokens for good.
inline constexpr std::int64_t foreign_for_good = 253'402'300'799;  // the year 9999

// Any thread may call any member.
class Revocations {
public:
    // Replaces all entries. From the first load() on, judge() no longer answers not_ready.
    void load(const std::vector<Revocation>& entries);
    // Adds entries. They are in force when it returns.
    void add(const std::vector<Revocation>& entries);
    // Deletes entries whose tokens have all expired, but never `issued_before`, of which only the latest is
    // kept. It works in small slices, so that checks and additions can go on meanwhile.
    void sweep(base::Timestamp now);

    // The number of sessions and users in the table.
    std::size_t size() const;
    // Grows with each load() and each addition; 0 until the first load().
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    // The reason to refuse a token, if there is one: not_ready, token_revoked or token_stale.
    std::optional<base::Reason> judge(const std::string& session, const std::string& user,
                                      std::int64_t version, base::Timestamp issued) const;

    // True if this session itself has ended, and not only tokens of its user.
    bool has_ended(const std::string& session) const;

    // As judge(), for a token of another issuer, which has no version. It is revoked if its user was revoked
    // after it was issued. The issuer's clock may be ahead by `skew`. `session` may be empty.
    std::optional<base::Reason> judge_foreign(const std::string& session, const std::string& user,
                                              base::Timestamp issued, base::Duration skew) const;

private:
    struct Versions {
        std::int64_t revoked_below = 0, stale_below = 0;
        std::int64_t foreign_before = 0;  // Unix seconds
        base::Timestamp expires;
    };
    void insert(const Revocation& entry);

    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, base::Timestamp> sessions_;
    std::unordered_map<std::string, Versions> users_;
    std::int64_t issued_before_ = 0;
    std::atomic<std::uint64_t> generation_{0};
};

}  // namespace coatcheck::verify
