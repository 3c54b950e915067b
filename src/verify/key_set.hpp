// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "token/jwk.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace coatcheck::verify {

// The public keys that tokens may be signed with. Any thread may call anything.
class KeySet {
public:
    // Replaces the set. Proofs made under an earlier set are void from then on, so that a key that was
    // dropped takes every cached proof with it.
    void replace(const std::vector<token::Jwk>& keys) {
        auto table = std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>();
        for (const auto& [key_id, key] : keys) table->emplace(key_id, key);
        const std::lock_guard lock(mutex_);
        for (const auto& key_id : dropped_) table->erase(key_id);
        keys_ = std::move(table);
        generation_.fetch_add(1, std::memory_order_release);
    }

    // The key is compromised: it is gone for good, also from sets that come later and still have it.
    void drop(const std::string& key_id) {
        const std::lock_guard lock(mutex_);
        dropped_.insert(key_id);
        auto table = std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>(*keys_);
        if (table->erase(key_id) == 0) return;
        keys_ = std::move(table);
        generation_.fetch_add(1, std::memory_order_release);
    }

    std::shared_ptr<const std::map<std::string, crypto::PublicKey, std::less<>>> keys() const {
        const std::lock_guard lock(mutex_);
        return keys_;
    }
    // It is in the set, or was dropped for good: asking for the set anew says nothing more about it.
    bool knows(const std::string& key_id) const {
        const std::lock_guard lock(mutex_);
        return keys_->contains(key_id) || dropped_.contains(key_id);
    }
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const std::map<std::string, crypto::PublicKey, std::less<>>> keys_ =
        std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>();
    std::set<std::string> dropped_;
    std::atomic<std::uint64_t> generation_{0};
};

}  // namespace coatcheck::verify
