// SPDX-License-Identifier: Apache-2.0
// Service keys: how the application's own programs (verifiers, its back end) say who they are. A key is
// `ccs_` and 64 base64url characters: an id of 16 bytes and a secret of 32. It is shown once; the store has
// the secret's SHA-256 alone, which is enough for a secret that nobody chose.
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

// What a key may be used for.
enum class Scope {
    feed,        // follow the revocations
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

struct MintedServiceKey {
    ServiceKey row;
    std::string text;  // shown once
};
MintedServiceKey mint_service_key(std::string name, std::vector<Scope> scopes, base::Timestamp now);

// The keys there are, held in memory: a request with one asks no store. Any thread may call anything.
class ServiceKeys {
public:
    void replace(const std::vector<ServiceKey>& keys);
    // The key's name; service_key_unknown, or service_key_scope where it may not be used for this.
    base::Result<std::string> check(std::string_view text, Scope scope) const;

private:
    using Table = std::map<std::string, ServiceKey, std::less<>>;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_ = std::make_shared<Table>();
};

}  // namespace coatcheck::auth
