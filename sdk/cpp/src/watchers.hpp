// SPDX-License-Identifier: Apache-2.0
// Who wants to hear that a session is over.
#pragma once

#include "token/claims.hpp"
#include "verify/revocations.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace coatcheck {

// Any thread may call anything.
class Watchers {
public:
    using Callback = std::function<void()>;
    explicit Watchers(const verify::Revocations& revocations) : revocations_(revocations) {}

    // A number for forget(); 0: the session was over, and the callback has been called.
    std::uint64_t add(std::shared_ptr<const token::AccessClaims> claims, Callback callback);
    // Once it returns the callback is not running and will not, unless it is the callback that asks.
    void forget(std::uint64_t number);

    // Entries that are in force; all watched sessions where one of them concerns all.
    void tell(const std::vector<verify::Revocation>& entries);
    void tell_all();

private:
    struct Watched {
        std::shared_ptr<const token::AccessClaims> claims;
        Callback callback;
    };
    using Numbers = std::unordered_set<std::uint64_t>;

    bool is_over(const token::AccessClaims& claims) const;
    void call_if_over(const std::vector<std::uint64_t>& numbers);
    void take_out(std::uint64_t number, const Watched& watched);

    const verify::Revocations& revocations_;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::unordered_map<std::uint64_t, Watched> watched_;
    std::unordered_map<std::string, Numbers> by_session_,
        by_user_;  // an entry concerns few of many connections
    std::uint64_t last_ = 0;
    std::uint64_t running_ = 0;  // whose callback is being called, on the thread `caller_`
    std::thread::id caller_;
};

}  // namespace coatcheck
