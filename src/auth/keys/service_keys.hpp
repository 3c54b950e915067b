// SPDX-License-Identifier: Apache-2.0
// Service keys, with which services and verifiers authenticate themselves. A key is `ccs_` and 64 base64url
// characters: an id of 16 bytes and a secret of 32. It is shown once. The store keeps only the SHA-256 of
// the secret, which is enough for a random secret.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/secret_hash.hpp"

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

// All service keys, held in memory, so that checking a key needs no store. Any thread may call any member.
class ServiceKeys {
public:
    void replace(const std::vector<ServiceKey>& keys);
    // Returns the key's name. service_key_unknown; service_key_scope if the key does not have this scope.
    base::Result<std::string> check(std::string_view text, Scope scope) const;

private:
    using Table = std::map<std::string, ServiceKey, std::less<>>;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_ = std::make_shared<Table>();
};

}  // namespace coatcheck::auth
