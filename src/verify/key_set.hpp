// SPDX-License-Identifier: Apache-2.0
// The public keys of a verifier. generation() counts the changes: a proof in a verifier's cache is valid only
// as long as the generation in which it was made.
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

// The public keys that may have signed a token. Any thread may call any member.
class KeySet {
public:
    // Replaces the keys. All proofs made under an earlier set become void. So when a key is removed, the
    // cached proofs made with it are void too.
    void replace(const std::vector<token::Jwk>& keys) {
        auto table = std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>();
        for (const auto& [key_id, key] : keys) table->emplace(key_id, key);
        const std::lock_guard lock(mutex_);
        for (const auto& key_id : dropped_) table->erase(key_id);
        keys_ = std::move(table);
        generation_.fetch_add(1, std::memory_order_release);
    }

    // Removes a compromised key for good, also from sets that replace() brings later.
    void drop(const std::string& key_id) {
        const std::lock_guard lock(mutex_);
        dropped_.insert(key_id);
        auto table = std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>(*keys_);
        if (table->erase(key_id) == 0) return;
        keys_ = std::move(table);
        generation_.fetch_add(1, std::memory_order_release);
    }

    // All proofs become void, because something else than these keys has changed that they rest on.
    void void_proofs() { generation_.fetch_add(1, std::memory_order_release); }

    // The keys by their id. The map that is returned never changes.
    std::shared_ptr<const std::map<std::string, crypto::PublicKey, std::less<>>> keys() const {
        const std::lock_guard lock(mutex_);
        return keys_;
    }
    // True if the key is in the set or was dropped for good. Then there is no need to fetch the set again for
    // its sake.
    bool knows(const std::string& key_id) const {
        const std::lock_guard lock(mutex_);
        return keys_->contains(key_id) || dropped_.contains(key_id);
    }
    // Increases with each change of the keys, and with void_proofs().
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const std::map<std::string, crypto::PublicKey, std::less<>>> keys_ =
        std::make_shared<std::map<std::string, crypto::PublicKey, std::less<>>>();
    std::set<std::string> dropped_;
    std::atomic<std::uint64_t> generation_{0};
};

}  // namespace coatcheck::verify
