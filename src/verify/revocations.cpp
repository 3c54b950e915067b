// SPDX-License-Identifier: Apache-2.0
#include "verify/revocations.hpp"

#include "base/reason.hpp"

#include <algorithm>
#include <mutex>

namespace coatcheck::verify {
namespace {

// Erases slice by slice, and releases the lock in between. If the table grows meanwhile, this sweep misses
// some rows; the next one finds them.
template <class Table, class IsOver>
void erase_in_slices(Table& table, std::shared_mutex& mutex, const IsOver& is_over) {
    constexpr std::size_t slice = 4096;  // buckets, about as many rows
    std::vector<typename Table::key_type> over;
    for (std::size_t from = 0;; from += slice) {
        const std::unique_lock lock(mutex);
        if (from >= table.bucket_count()) return;
        for (std::size_t bucket = from; bucket < std::min(from + slice, table.bucket_count()); ++bucket)
            for (auto row = table.begin(bucket); row != table.end(bucket); ++row)
                if (is_over(row->second)) over.push_back(row->first);
        for (const auto& key : over) table.erase(key);
        over.clear();
    }
}

}  // namespace

void Revocations::insert(const Revocation& entry) {
    switch (entry.kind) {
        case Revocation::Kind::session: {
            auto& expires = sessions_[entry.subject];
            expires = std::max(expires, entry.expires);
            return;
        }
        case Revocation::Kind::issued_before:
            issued_before_ = std::max(issued_before_, entry.minimum);
            return;
        case Revocation::Kind::key:  // nothing here: the KeySet is replaced
        case Revocation::Kind::status:
        case Revocation::Kind::status_below: return;
        case Revocation::Kind::user_revoked:
        case Revocation::Kind::user_stale:
        case Revocation::Kind::foreign_before: {
            auto& versions = users_[entry.subject];
            auto& bound = entry.kind == Revocation::Kind::user_revoked ? versions.revoked_below
                          : entry.kind == Revocation::Kind::user_stale ? versions.stale_below
                                                                       : versions.foreign_before;
            bound = std::max(bound, entry.minimum);
            versions.expires = std::max(versions.expires, entry.expires);
            return;
        }
    }
}

void Revocations::load(const std::vector<Revocation>& entries) {
    std::unique_lock lock(mutex_);
    sessions_.clear();
    users_.clear();
    issued_before_ = 0;
    for (const auto& entry : entries) insert(entry);
    generation_.fetch_add(1, std::memory_order_release);
}

void Revocations::add(const std::vector<Revocation>& entries) {
    if (entries.empty()) return;
    std::unique_lock lock(mutex_);
    for (const auto& entry : entries) insert(entry);
    // Before the first load() the table is incomplete: the generation stays 0 (not ready).
    if (generation_.load(std::memory_order_relaxed) > 0) generation_.fetch_add(1, std::memory_order_release);
}

void Revocations::sweep(base::Timestamp now) {
    erase_in_slices(sessions_, mutex_, [&](base::Timestamp expires) { return expires <= now; });
    erase_in_slices(users_, mutex_, [&](const Versions& versions) { return versions.expires <= now; });
}

std::size_t Revocations::size() const {
    std::shared_lock lock(mutex_);
    return sessions_.size() + users_.size();
}

std::optional<base::Reason> Revocations::judge(const std::string& session, const std::string& user,
                                               std::int64_t version, base::Timestamp issued) const {
    std::shared_lock lock(mutex_);
    if (generation_.load(std::memory_order_relaxed) == 0) return base::Reason::not_ready;
    if (base::unix_seconds(issued) <= issued_before_ && issued_before_ > 0)
        return base::Reason::token_revoked;
    if (sessions_.contains(session)) return base::Reason::token_revoked;
    const auto row = users_.find(user);
    if (row == users_.end()) return std::nullopt;
    if (version < row->second.revoked_below) return base::Reason::token_revoked;
    if (version < row->second.stale_below) return base::Reason::token_stale;
    return std::nullopt;
}

bool Revocations::has_ended(const std::string& session) const {
    std::shared_lock lock(mutex_);
    return sessions_.contains(session);
}

std::optional<base::Reason> Revocations::judge_foreign(const std::string& session, const std::string& user,
                                                       base::Timestamp issued, base::Duration skew) const {
    std::shared_lock lock(mutex_);
    if (generation_.load(std::memory_order_relaxed) == 0) return base::Reason::not_ready;
    if (base::unix_seconds(issued) <= issued_before_ && issued_before_ > 0)
        return base::Reason::token_revoked;
    if (sessions_.contains(session)) return base::Reason::token_revoked;
    const auto row = users_.find(user);
    if (row == users_.end() || row->second.foreign_before == 0) return std::nullopt;
    if (issued > base::from_unix_seconds(row->second.foreign_before) + skew) return std::nullopt;
    return base::Reason::token_revoked;
}

}  // namespace coatcheck::verify
