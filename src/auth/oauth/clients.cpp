// SPDX-License-Identifier: Apache-2.0
#include "auth/oauth/clients.hpp"

#include "auth/sessions/end.hpp"
#include "auth/users/names.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;
using verify::Revocation;

namespace {

constexpr std::size_t most_uris = 32, most_scopes = 64;

Denied refused(std::string detail, std::string member) {
    return Denied{Reason::invalid_member, {}, std::move(detail), std::move(member)};
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// The grant types that suit the type of a client.
std::vector<GrantType> usual_grants(ClientType type) {
    if (type == ClientType::service) return {GrantType::client_credentials};
    return {GrantType::authorization_code, GrantType::refresh_token};
}

// A scope-token of RFC 6749 §3.3, at most 64 bytes.
bool is_scope(std::string_view scope) {
    return !scope.empty() && scope.size() <= 64 &&
           std::all_of(scope.begin(), scope.end(),
                       [](unsigned char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

// Tokens that the client got for itself are refused from now on.
void revoke_own_tokens(Store& store, const Policy& policy, Client& client) {
    // Another step may just now mint a token without having seen this change.
    constexpr std::chrono::minutes longest_step{1};
    const Timestamp end = store.now() + policy.access_ttl + longest_step;
    store.insert_revocation({Revocation::Kind::session, client.session, 0, end});
    store.insert_revocation({Revocation::Kind::user_revoked, client.subject(), client.version + 1, end});
    ++client.version;
    client.session = base::random_id();
}

void audit(Store& store, const char* event, const Client& client) {
    store.append_audit({store.now(), event, "", "", "", client.id + " " + client.name});
}

}  // namespace

const Resource* find_resource(const Policy& policy, std::string_view uri) {
    const auto& all = policy.oauth.resources;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Resource& r) { return r.uri == uri; });
    return found == all.end() ? nullptr : &*found;
}

bool may_use(const Policy& policy, const Client& client, std::string_view resource) {
    return find_resource(policy, resource) != nullptr &&
           (client.resources.empty() || contains(client.resources, resource));
}

std::vector<std::string> scopes_for(const Policy& policy, const Client& client) {
    if (!client.scopes.empty()) return client.scopes;
    std::vector<std::string> scopes;
    if (client.type != ClientType::service)
        for (const auto name : {openid, profile, email, offline_access}) scopes.emplace_back(name);
    for (const auto& resource : policy.oauth.resources)
        if (may_use(policy, client, resource.uri))
            for (const auto& [name, meaning] : resource.scopes)
                if (!contains(scopes, name)) scopes.push_back(name);
    return scopes;
}

std::vector<std::string> scopes_within(const Policy& policy, const Client& client,
                                       const std::vector<std::string>& scopes,
                                       const std::vector<std::string>& resources) {
    const auto has_meaning = [&](const std::string& scope) {
        for (const auto general : {openid, profile, email, offline_access, roles_scope})
            if (scope == general) return true;
        if (resources.empty()) return client.default_resource == "default";
        return std::any_of(resources.begin(), resources.end(), [&](const std::string& uri) {
            const auto* resource = find_resource(policy, uri);
            return resource != nullptr &&
                   std::any_of(resource->scopes.begin(), resource->scopes.end(),
                               [&](const auto& known) { return known.first == scope; });
        });
    };
    std::vector<std::string> kept;
    std::copy_if(scopes.begin(), scopes.end(), std::back_inserter(kept), has_meaning);
    return kept;
}

Result<Client> checked_client(const Policy& policy, Client client) {
    auto name = checked_username(client.name);
    if (!name) return refused("the name " + name.error().detail, "name");
    client.name = *std::move(name);
    const bool is_service = client.type == ClientType::service;
    const bool keeps_secret = client.type == ClientType::web || is_service;
    if (keeps_secret && client.auth == ClientAuth::none)
        return refused("a web or service client needs a secret: use another --auth", "auth");
    if (!keeps_secret && client.auth != ClientAuth::none)
        return refused("a browser or native client keeps no secret: use --auth none", "auth");
    if (is_service && !client.redirect_uris.empty())
        return refused("a service client has no users, so it has no redirect URI", "redirect_uris");
    if (!is_service && client.redirect_uris.empty())
        return refused("needs a --redirect URI, to which users come back", "redirect_uris");
    if (client.redirect_uris.size() > most_uris || client.logout_uris.size() > most_uris)
        return refused("at most 32 URIs of each kind", "redirect_uris");
    for (const auto* uris : {&client.redirect_uris, &client.logout_uris})
        for (const auto& uri : *uris)
            if (const auto checked = checked_redirect_uri(uri, client.type); !checked) return checked.error();
    if (client.grants.empty()) client.grants = usual_grants(client.type);
    for (const auto grant : client.grants)
        if ((grant == GrantType::client_credentials) != is_service && !(keeps_secret && !is_service))
            return refused("a " + std::string(name_of(client.type)) + " client cannot have the grant " +
                               std::string(name_of(grant)),
                           "grants");
    if (client.scopes.size() > most_scopes) return refused("at most 64 scopes", "scopes");
    const Client unlimited{.type = ClientType::web};
    auto known = scopes_for(policy, unlimited);
    known.emplace_back(roles_scope);
    for (const auto& scope : client.scopes) {
        if (!is_scope(scope)) return refused("a scope has 1 to 64 visible characters", "scopes");
        if (!contains(known, scope))
            return refused("there is no scope " + scope + ": no [[resource]] of the configuration names it",
                           "scopes");
        if (is_service && (scope == openid || scope == offline_access))
            return refused("a service client acts for no user, so " + scope + " means nothing", "scopes");
    }
    for (const auto& resource : client.resources)
        if (find_resource(policy, resource) == nullptr)
            return refused("there is no [[resource]] with the uri " + resource, "resources");
    if (!client.default_resource.empty() && client.default_resource != "default" &&
        !may_use(policy, client, client.default_resource))
        return refused("--default-resource needs the uri of a [[resource]] of this client, or default",
                       "default_resource");
    const bool is_open = std::any_of(client.redirect_uris.begin(), client.redirect_uris.end(),
                                     [](const std::string& uri) { return !uri.starts_with("https://"); });
    if (!client.asks_consent && (client.type == ClientType::native || is_open))
        return refused(
            "users are always asked where a redirect URI is not https: any program on their machine "
            "can use it",
            "consent");
    return client;
}

Result<MadeClient> add_client(Store& store, Client client) {
    const auto all = store.list_clients();
    if (all.size() >= most_clients)
        return refused("there are " + std::to_string(most_clients) + " clients already: end some first",
                       "name");
    if (client.id.empty()) client.id = base::random_id();
    client.session = base::random_id();
    client.created = store.now();
    MadeClient made;
    if (client.is_confidential()) {
        made.secret = new_client_secret();
        client.secret_hash = crypto::SecretHash::of(made.secret);
    }
    if (!store.insert_client(client)) return Denied{Reason::id_taken, {}, "", "id"};
    audit(store, "client_added", client);
    made.client = std::move(client);
    return made;
}

Result<MadeClient> renew_client_secret(Store& store, const Policy& policy, const std::string& id,
                                       bool ends_older) {
    auto client = store.lock_client(id);
    if (!client) return Denied{Reason::not_found};
    if (!client->is_confidential()) return refused("this client has no secret", "auth");
    MadeClient made;
    made.secret = new_client_secret();
    client->older_secret_hash = ends_older ? crypto::SecretHash() : client->secret_hash;
    client->secret_hash = crypto::SecretHash::of(made.secret);
    if (ends_older) revoke_own_tokens(store, policy, *client);
    store.update_client(*client);
    audit(store, "client_secret_renewed", *client);
    made.client = *std::move(client);
    return made;
}

bool set_client_enabled(Store& store, const Policy& policy, const std::string& id, bool enabled) {
    auto client = store.lock_client(id);
    if (!client) return false;
    if (client->enabled == enabled) return true;
    client->enabled = enabled;
    if (!enabled) {
        revoke_own_tokens(store, policy, *client);
        store.delete_codes(id);
    }
    store.update_client(*client);
    audit(store, enabled ? "client_enabled" : "client_disabled", *client);
    return true;
}

bool end_client(Store& store, const Policy& policy, const std::string& id) {
    auto client = store.lock_client(id);
    if (!client) return false;
    revoke_own_tokens(store, policy, *client);
    store.delete_client(id);
    audit(store, "client_ended", *client);
    return true;
}

bool end_grants_of_client(Store& store, const std::string& id, const Actor& by) {
    constexpr std::size_t at_once = 500;
    const auto grants = store.grants_of(id, "", at_once);
    for (const auto& grant : grants) end_session(store, grant, "client_ended", by);
    return !grants.empty();
}

void revoke_tokens_of_client(Store& store, const Policy& policy, const std::string& id,
                             const std::string& session) {
    auto client = store.lock_client(id);
    if (!client || client->session != session) return;
    revoke_own_tokens(store, policy, *client);
    store.update_client(*client);
    audit(store, "client_tokens_revoked", *client);
}

void Clients::replace(std::vector<Client> clients) {
    auto table = std::make_shared<Table>();
    for (auto& client : clients) {
        auto id = client.id;
        table->emplace(std::move(id), std::make_shared<const Client>(std::move(client)));
    }
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
}

std::shared_ptr<const Client> Clients::find(std::string_view id) const {
    std::shared_ptr<const Table> table;
    {
        const std::lock_guard lock(mutex_);
        table = table_;
    }
    const auto row = table->find(id);
    return row == table->end() ? nullptr : row->second;
}

}  // namespace coatcheck::auth
