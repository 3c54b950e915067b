// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "store/memory/store.hpp"

#include <algorithm>
#include <tuple>

namespace coatcheck::store {

std::vector<auth::Client> MemoryStore::list_clients() {
    std::vector<auth::Client> clients;
    for (const auto& [id, client] : tables_.clients) clients.push_back(client);
    std::sort(clients.begin(), clients.end(),
              [](const auto& a, const auto& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
    return clients;
}

std::optional<auth::Client> MemoryStore::find_client(const std::string& id) {
    const auto row = tables_.clients.find(id);
    return row == tables_.clients.end() ? std::nullopt : std::optional(row->second);
}

void MemoryStore::update_client(const auth::Client& client) {
    const auto row = tables_.clients.find(client.id);
    if (row == tables_.clients.end()) return;
    const auto created = row->second.created;
    row->second = client;
    row->second.created = created;
}

bool MemoryStore::delete_client(const std::string& id) {
    std::erase_if(tables_.consents, [&](const auto& row) { return row.first.second == id; });
    delete_codes(id);
    return tables_.clients.erase(id) > 0;
}

std::optional<auth::Consent> MemoryStore::find_consent(const std::string& user, const std::string& client) {
    const auto row = tables_.consents.find({user, client});
    return row == tables_.consents.end() ? std::nullopt : std::optional(row->second);
}

std::vector<auth::Consent> MemoryStore::consents_of(const std::string& user) {
    std::vector<auth::Consent> consents;
    for (const auto& [key, consent] : tables_.consents)  // by user and client
        if (key.first == user) consents.push_back(consent);
    return consents;
}

std::size_t MemoryStore::count_codes(const std::string& user) {
    return static_cast<std::size_t>(std::count_if(tables_.codes.begin(), tables_.codes.end(),
                                                  [&](const auto& row) { return row.second.user == user; }));
}

std::optional<auth::AuthorizationCode> MemoryStore::lock_code(const std::string& hash) {
    const auto row = tables_.codes.find(hash);
    return row == tables_.codes.end() ? std::nullopt : std::optional(row->second);
}

void MemoryStore::use_code(const std::string& hash, const std::string& session) {
    if (const auto row = tables_.codes.find(hash); row != tables_.codes.end()) row->second.session = session;
}

std::vector<std::string> MemoryStore::grants_of(const std::string& client, const std::string& user,
                                                std::size_t limit) {
    std::vector<const auth::Session*> grants;
    for (const auto& [id, session] : tables_.sessions)
        if (session.is_grant() && session.client == client && (user.empty() || session.user == user) &&
            is_live(session))
            grants.push_back(&session);
    std::sort(grants.begin(), grants.end(), [](const auto* a, const auto* b) {
        return std::tie(a->last_used, a->id) < std::tie(b->last_used, b->id);
    });
    std::vector<std::string> ids;
    for (const auto* grant : grants)
        if (ids.size() < limit) ids.push_back(grant->id);
    return ids;
}

std::vector<std::string> MemoryStore::users_like_clients() {
    std::vector<std::string> ids;
    for (const auto& [id, user] : tables_.users)
        if (id.starts_with(auth::Client::subject_prefix) ||
            base::folded(user.username).value_or("").starts_with(auth::Client::subject_prefix))
            ids.push_back(id);
    return ids;
}

std::vector<auth::Session> MemoryStore::children_of(const std::string& user, const std::string& parent) {
    std::vector<auth::Session> children;
    for (const auto& [id, session] : tables_.sessions)
        if (session.is_grant() && session.user == user && session.parent == parent && is_live(session))
            children.push_back(session);
    return children;
}

void MemoryStore::set_recognised(const auth::Session& session) {
    const auto row = tables_.sessions.find(session.id);
    if (row == tables_.sessions.end()) return;
    row->second.authenticated = session.authenticated;
    row->second.amr = session.amr;
    row->second.idle_end = session.idle_end;
    row->second.absolute_end = session.absolute_end;
}

void MemoryStore::delete_codes(const std::string& client) {
    std::erase_if(tables_.codes, [&](const auto& row) { return row.second.client == client; });
}

void MemoryStore::touch_session(const std::string& id, base::Timestamp idle_end) {
    const auto row = tables_.sessions.find(id);
    if (row == tables_.sessions.end() || row->second.ended) return;
    row->second.last_used = now_;
    row->second.idle_end = std::min(std::max(row->second.idle_end, idle_end), row->second.absolute_end);
}

}  // namespace coatcheck::store
