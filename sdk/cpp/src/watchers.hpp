// SPDX-License-Identifier: Apache-2.0
// The callbacks that wait for the end of a session.
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

// Any thread may call any function.
class Watchers {
public:
    using Callback = std::function<void()>;
    explicit Watchers(const verify::Revocations& revocations) : revocations_(revocations) {}

    // Gives a number for forget(); 0 if the session had ended, and then the callback has already run.
    std::uint64_t add(std::shared_ptr<const token::AccessClaims> claims, Callback callback);
    // When this returns, the callback is not running and will not run, except if the callback itself called
    // it.
    void forget(std::uint64_t number);

    // Calls back for revocations that are already in force. If one of them concerns every session, checks all
    // watchers.
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
    // Indexes, because an entry concerns only a few of many connections.
    std::unordered_map<std::string, Numbers> by_session_, by_user_;
    std::uint64_t running_ = 0;  // the number whose callback runs now, on the thread `caller_`
    std::thread::id caller_;
};

}  // namespace coatcheck
