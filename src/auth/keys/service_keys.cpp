// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/service_keys.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <array>

namespace coatcheck::auth {
namespace {

constexpr std::size_t id_bytes = 16, secret_bytes = 32, text_bytes = 4 + 64;
constexpr std::array<std::string_view, 3> scope_names{"feed", "users", "introspect"};

}  // namespace

std::string_view name_of(Scope scope) { return scope_names.at(static_cast<std::size_t>(scope)); }

std::optional<Scope> scope_named(std::string_view name) {
    const auto found = std::find(scope_names.begin(), scope_names.end(), name);
    if (found == scope_names.end()) return std::nullopt;
    return static_cast<Scope>(found - scope_names.begin());
}

MintedServiceKey mint_service_key(std::string name, std::vector<Scope> scopes, base::Timestamp now) {
    const std::string id = base::random_bytes(id_bytes), secret = base::random_bytes(secret_bytes);
    MintedServiceKey minted;
    minted.row = {base::base64url(id), std::move(name), std::move(scopes), crypto::SecretHash::of(secret),
                  now};
    minted.text = std::string(service_key_prefix) + base::base64url(id + secret);
    return minted;
}

void ServiceKeys::replace(const std::vector<ServiceKey>& keys) {
    auto table = std::make_shared<Table>();
    for (const auto& key : keys) table->emplace(key.id, key);
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
    generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const ServiceKeys::Table> ServiceKeys::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

bool ServiceKeys::has(const std::string& id) const { return table()->contains(id); }

base::Result<PresentedServiceKey> ServiceKeys::check(std::string_view text, Scope scope) const {
    const base::Denied unknown{base::Reason::service_key_unknown};
    if (text.size() != text_bytes || !text.starts_with(service_key_prefix)) return unknown;
    const auto bytes = base::from_base64url(text.substr(service_key_prefix.size()));
    if (!bytes) return unknown;
    const auto keys = table();
    const auto row = keys->find(base::base64url(std::string_view(*bytes).substr(0, id_bytes)));
    if (row == keys->end()) return unknown;
    if (crypto::SecretHash::of(std::string_view(*bytes).substr(id_bytes)) != row->second.secret_hash)
        return unknown;
    const auto& scopes = row->second.scopes;
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end())
        return base::Denied{base::Reason::service_key_scope,
                            {},
                            "this route needs a service key with the scope " + std::string(name_of(scope))};
    return PresentedServiceKey{row->first, row->second.name};
}

}  // namespace coatcheck::auth
