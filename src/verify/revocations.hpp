// SPDX-License-Identifier: Apache-2.0
// What has been taken back, held in memory so that a check costs no look-up elsewhere.
//
// Entries live only as long as the tokens they concern. `generation()` grows with each addition: a token
// proven at generation g needs no look-up while the generation is still g, so a cached proof costs one atomic
// load.
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
        key,  // the signing key `subject` is compromised: its tokens are not ours, nor is any proof made with
              // it
        foreign_before,  // tokens of the user `subject` that others issued until `minimum` (Unix seconds) are
                         // revoked
        status,          // the index `minimum` of the Token Status Lists; our own verifiers know better
        status_below,    // likewise all indexes below `minimum` (a backup was restored)
    };
    Kind kind;
    std::string subject;
    std::int64_t minimum = 0;
    base::Timestamp expires;  // when the last token it concerns has expired
    std::uint64_t id = 0;     // given by the store, in the order of commits
};

// A `foreign_before` that no token comes after.
inline constexpr std::int64_t foreign_for_good = 253'402'300'799;  // the year 9999

// Any thread may call anything.
class Revocations {
public:
    // Replaces all entries; from now on judge() no longer answers not_ready.
    void load(const std::vector<Revocation>& entries);
    // Takes effect before it returns.
    void add(const std::vector<Revocation>& entries);
    // Drops entries whose tokens have all expired; a little at a time, so that checks and additions go on
    // meanwhile.
    void sweep(base::Timestamp now);

    // Sessions and users that it knows of.
    std::size_t size() const;
    // Grows whenever an entry comes in; 0 until loaded.
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    // The reason to refuse a token, if there is one.
    std::optional<base::Reason> judge(const std::string& session, const std::string& user,
                                      std::int64_t version, base::Timestamp issued) const;

    // As judge(), for a token of another issuer, which knows no version: its user was taken back after it was
    // issued. The clock of who issued it may be ahead by `skew`. `session`: may be empty.
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
