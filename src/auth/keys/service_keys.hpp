// SPDX-License-Identifier: Apache-2.0
// Service keys, with which services and verifiers authenticate themselves. A key is `ccs_` and 64 base64url
// characters: an id of 16 bytes and a secret of 32. It is shown once. The store keeps only the SHA-256 of
// the secret, which is enough for a random secret.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/secret_hash.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

inline constexpr std::string_view service_key_prefix = "ccs_";

// What a key permits.
enum class Scope {
    feed,        // follow the feed
    users,       // manage users and their sessions
    introspect,  // ask about tokens, and revoke them
};
std::string_view name_of(Scope scope);
std::optional<Scope> scope_named(std::string_view name);

struct ServiceKey {
    std::string id;
    std::string name;  // unique
    std::vector<Scope> scopes;
    crypto::SecretHash secret_hash;
    base::Timestamp created;
};

// A new service key; the caller stores the row.
struct MintedServiceKey {
    ServiceKey row;
    std::string text;  // shown once
};
MintedServiceKey mint_service_key(std::string name, std::vector<Scope> scopes, base::Timestamp now);

// A key that a service has presented.
struct PresentedServiceKey {
    std::string id, name;
};

// All service keys, held in memory, so that checking a key needs no store. Any thread may call any member.
class ServiceKeys {
public:
    void replace(const std::vector<ServiceKey>& keys);
    // service_key_unknown; service_key_scope if the key does not have this scope.
    base::Result<PresentedServiceKey> check(std::string_view text, Scope scope) const;
    // True as long as the key with this id has not ended.
    bool has(const std::string& id) const;
    // Grows with each replace(): while it is the same, has() gives the same answers.
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

private:
    using Table = std::map<std::string, ServiceKey, std::less<>>;
    std::shared_ptr<const Table> table() const;

    std::atomic<std::uint64_t> generation_{0};
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_ = std::make_shared<Table>();
};

}  // namespace coatcheck::auth
