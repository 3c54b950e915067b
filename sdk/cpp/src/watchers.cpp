// SPDX-License-Identifier: Apache-2.0
#include "watchers.hpp"

#include "base/reason.hpp"
#include "verify/verifier.hpp"

#include <atomic>

namespace coatcheck {
namespace {

// Of all verifiers, so that a number of before a fork means nothing to the child's verifier.
std::atomic<std::uint64_t> last_number{0};

}  // namespace

// New roles (token_stale) end no session: the connection's next token carries them.
bool Watchers::is_over(const token::AccessClaims& claims) const {
    if (claims.is_foreign())
        return revocations_.judge_foreign(claims.session, claims.subject, claims.issued,
                                          verify::max_clock_difference) == base::Reason::token_revoked;
    return revocations_.judge(claims.session, claims.subject, claims.version, claims.issued) ==
           base::Reason::token_revoked;
}

std::uint64_t Watchers::add(std::shared_ptr<const token::AccessClaims> claims, Callback callback) {
    std::unique_lock lock(mutex_);
    // Checked under the lock. If an entry arrives now, tell() waits for the lock and then finds this watcher.
    if (is_over(*claims)) {
        lock.unlock();
        callback();
        return 0;
    }
    const std::uint64_t number = ++last_number;
    by_session_[claims->session].insert(number);
    by_user_[claims->subject].insert(number);
    watched_.emplace(number, Watched{std::move(claims), std::move(callback)});
    return number;
}

void Watchers::take_out(std::uint64_t number, const Watched& watched) {
    const auto from = [&](auto& table, const std::string& key) {
        const auto row = table.find(key);
        if (row == table.end()) return;
        row->second.erase(number);
        if (row->second.empty()) table.erase(row);
    };
    from(by_session_, watched.claims->session);
    from(by_user_, watched.claims->subject);
}

void Watchers::forget(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    if (const auto row = watched_.find(number); row != watched_.end()) {
        take_out(number, row->second);
        watched_.erase(row);
    } else if (running_ == number && caller_ != std::this_thread::get_id()) {
        idle_.wait(lock, [&] { return running_ != number; });
    }
}

void Watchers::call_if_over(const std::vector<std::uint64_t>& numbers) {
    for (const auto number : numbers) {
        std::unique_lock lock(mutex_);
        const auto row = watched_.find(number);
        if (row == watched_.end() || !is_over(*row->second.claims)) continue;
        take_out(number, row->second);
        const auto watched = std::move(watched_.extract(row).mapped());
        running_ = number;
        caller_ = std::this_thread::get_id();
        lock.unlock();
        [&]() noexcept { watched.callback(); }();  // throwing ends the process
        lock.lock();
        running_ = 0;
        idle_.notify_all();
    }
}

void Watchers::tell(const std::vector<verify::Revocation>& entries) {
    using Kind = verify::Revocation::Kind;
    std::vector<std::uint64_t> numbers;
    {
        const std::lock_guard lock(mutex_);
        if (watched_.empty()) return;
        for (const auto& entry : entries) {
            if (entry.kind == Kind::issued_before) {
                numbers.clear();
                for (const auto& [number, watched] : watched_) numbers.push_back(number);
                break;
            }
            const auto& table = entry.kind == Kind::session ? by_session_ : by_user_;
            if (const auto row = table.find(entry.subject); row != table.end())
                numbers.insert(numbers.end(), row->second.begin(), row->second.end());
        }
    }
    call_if_over(numbers);
}

void Watchers::tell_all() {
    std::vector<std::uint64_t> numbers;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, watched] : watched_) numbers.push_back(number);
    }
    call_if_over(numbers);
}

}  // namespace coatcheck
