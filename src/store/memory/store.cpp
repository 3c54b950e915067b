// SPDX-License-Identifier: Apache-2.0
#include "store/memory/store.hpp"

#include "auth/sessions/rotation.hpp"
#include "base/network.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <tuple>

namespace coatcheck::store {

using auth::Rotation;
using base::Timestamp;

namespace {

std::string folded(const std::string& name) { return base::folded(name).value_or(name); }

}  // namespace

void MemoryStore::post(Work work) {
    now_ = std::max(now_, clock_());
    Tables before = tables_;
    std::exception_ptr failed;
    try {
        work.step(*this);
    } catch (...) {
        failed = std::current_exception();
        tables_ = std::move(before);
    }
    work.done(failed);
}

base::Result<void> MemoryStore::unique(const auth::User& user) const {
    for (const auto& [id, other] : tables_.users) {
        if (id == user.id) continue;
        if (folded(other.username) == folded(user.username))
            return base::Denied{base::Reason::username_taken, {}, "", "username"};
        if (user.email && other.email && folded(*other.email) == folded(*user.email))
            return base::Denied{base::Reason::email_taken, {}, "", "email"};
    }
    return {};
}

base::Result<void> MemoryStore::insert_user(const auth::User& user) {
    if (auto free = unique(user); !free) return free;
    if (!tables_.users.emplace(user.id, user).second)
        return base::Denied{base::Reason::username_taken, {}, "", "username"};
    return {};
}

std::optional<auth::User> MemoryStore::find_user(const std::string& id) {
    const auto row = tables_.users.find(id);
    return row == tables_.users.end() ? std::nullopt : std::optional(row->second);
}

std::optional<auth::User> MemoryStore::find_user_by_login(const std::string& login) {
    for (const auto& [id, user] : tables_.users)
        if (folded(user.username) == login || (user.email && folded(*user.email) == login)) return user;
    return std::nullopt;
}

std::vector<auth::User> MemoryStore::list_users(const auth::UserPage& page) {
    std::vector<auth::User> users;
    for (const auto& [id, user] : tables_.users) {
        const bool fits = folded(user.username).starts_with(page.prefix) ||
                          (user.email && folded(*user.email).starts_with(page.prefix));
        if (fits && folded(user.username) > page.after) users.push_back(user);
    }
    std::sort(users.begin(), users.end(),
              [](const auto& a, const auto& b) { return folded(a.username) < folded(b.username); });
    users.resize(std::min(users.size(), page.limit));
    return users;
}

base::Result<void> MemoryStore::update_user(const auth::User& user) {
    if (auto free = unique(user); !free) return free;
    const auto row = tables_.users.find(user.id);
    if (row == tables_.users.end()) return {};
    const Timestamp created = row->second.created;
    row->second = user;
    row->second.created = created;
    return {};
}

bool MemoryStore::replace_password_hash(const std::string& user, const std::string& expected,
                                        const std::string& hash) {
    const auto row = tables_.users.find(user);
    if (row == tables_.users.end() || row->second.password_hash != expected) return false;
    row->second.password_hash = hash;
    return true;
}

void MemoryStore::delete_user(const std::string& id) {
    tables_.users.erase(id);
    std::erase_if(tables_.consents, [&](const auto& row) { return row.first.first == id; });
    std::erase_if(tables_.codes, [&](const auto& row) { return row.second.user == id; });
    std::erase_if(tables_.sessions, [&](const auto& row) { return row.second.user == id; });
}

bool MemoryStore::is_live(const auth::Session& session) const {
    return !session.ended && session.idle_end > now_ && session.absolute_end > now_;
}

std::optional<auth::User> MemoryStore::insert_session(const auth::Session& session,
                                                      const std::string& password_hash) {
    auto user = find_user(session.user);
    if (!user || !user->enabled || user->password_hash != password_hash) return std::nullopt;
    tables_.sessions[session.id] = session;
    return user;
}

Rotation MemoryStore::rotate_refresh(const auth::RotateRequest& r) { return rotate_for("", r); }

Rotation MemoryStore::rotate_grant(const auth::RotateRequest& r) {
    return r.client.empty() ? Rotation{} : rotate_for(r.client, r);
}

Rotation MemoryStore::rotate_for(const std::string& client, const auth::RotateRequest& r) {
    const auto row = tables_.sessions.find(r.session);
    const auto user = find_user(r.user);
    if (row == tables_.sessions.end() || !user || !user->enabled || row->second.user != r.user ||
        row->second.client != client || !is_live(row->second))
        return {};
    auth::Session& session = row->second;
    Rotation result;
    if (r.by_cookie && session.delivery == auth::Delivery::body) {
        result.outcome = Rotation::Outcome::misplaced;
    } else if (session.secret_hash != r.secret_hash) {
        return {};
    } else {
        result.outcome = auth::judge_counter(session, r, now_);
    }
    if (result.outcome == Rotation::Outcome::rotated) auth::rotate(session, r, now_);
    if (result.outcome == Rotation::Outcome::repeated) {
        session.last_used = std::max(session.last_used + std::chrono::milliseconds(1), now_);
        session.access_end = std::max(session.access_end, std::min(now_ + r.access_ttl, session.idle_end));
    }
    result.session = session;
    result.user = *user;
    return result;
}

std::optional<auth::Session> MemoryStore::find_session(const std::string& id) {
    const auto row = tables_.sessions.find(id);
    return row == tables_.sessions.end() ? std::nullopt : std::optional(row->second);
}

std::vector<std::string> MemoryStore::sessions_beyond(const std::string& user, const std::string& except,
                                                      std::size_t kept) {
    std::vector<const auth::Session*> sessions;
    for (const auto& [id, session] : tables_.sessions)
        if (session.user == user && id != except && !session.is_grant() && is_live(session))
            sessions.push_back(&session);
    if (sessions.size() <= kept) return {};
    std::sort(sessions.begin(), sessions.end(), [](const auto* a, const auto* b) {
        return std::tie(a->last_used, a->id) < std::tie(b->last_used, b->id);
    });
    sessions.resize(std::min<std::size_t>(sessions.size() - kept, 100));
    std::vector<std::string> ids;
    for (const auto* session : sessions) ids.push_back(session->id);
    return ids;
}

Timestamp MemoryStore::last_access_end(const std::string& user) {
    Timestamp last{};
    for (const auto& [id, session] : tables_.sessions)
        if (session.user == user) last = std::max(last, session.access_end);
    return last;
}

bool MemoryStore::has_live_session(const std::string& user, const std::string& address) {
    return std::any_of(tables_.sessions.begin(), tables_.sessions.end(), [&](const auto& row) {
        const auto& session = row.second;
        return session.user == user && is_live(session) &&
               base::network_of(session.address) == base::network_of(address);
    });
}

std::vector<auth::Session> MemoryStore::page_of_sessions(const auth::SessionPage& page) {
    std::vector<auth::Session> sessions;
    for (const auto& [id, session] : tables_.sessions)  // by id
        if (id > page.after && (!page.user || session.user == *page.user) && is_live(session) &&
            sessions.size() < page.limit)
            sessions.push_back(session);
    return sessions;
}

std::vector<verify::Revocation> MemoryStore::find_revocations(const std::string& subject) {
    std::vector<verify::Revocation> found;
    for (const auto& entry : tables_.revocations)
        if (entry.subject == subject && entry.expires > now_) found.push_back(entry);
    return found;
}

std::vector<std::string> MemoryStore::disabled_users() {
    std::vector<std::string> ids;
    for (const auto& [id, user] : tables_.users)
        if (!user.enabled) ids.push_back(id);
    return ids;
}

void MemoryStore::end(auth::Session& session) {
    if (session.ended) return;
    session.ended = now_;
    session.idle_end = std::min(session.idle_end, now_);
}

std::optional<auth::Session> MemoryStore::end_session(const std::string& id) {
    const auto row = tables_.sessions.find(id);
    if (row == tables_.sessions.end() || row->second.ended) return std::nullopt;
    end(row->second);
    return row->second;
}

std::vector<auth::Session> MemoryStore::end_sessions(const std::string& user, const std::string& except) {
    std::vector<auth::Session> ended;
    for (auto& [id, session] : tables_.sessions) {
        if (session.user != user || id == except) continue;
        if (!session.parent.empty() && session.parent == except) continue;
        if (!session.ended && (session.idle_end > now_ || session.older_end > now_)) ended.push_back(session);
        end(session);
    }
    return ended;
}

void MemoryStore::set_status(const std::string& session, std::int64_t status) {
    if (const auto row = tables_.sessions.find(session); row != tables_.sessions.end())
        row->second.status = status;
}

void MemoryStore::renew_secret(const std::string& id, const crypto::SecretHash& secret_hash) {
    const auto row = tables_.sessions.find(id);
    if (row == tables_.sessions.end()) return;
    row->second.renewed_from = std::exchange(row->second.secret_hash, secret_hash);
}

void MemoryStore::extend_access(const std::string& id, Timestamp access_end) {
    const auto row = tables_.sessions.find(id);
    if (row != tables_.sessions.end()) row->second.access_end = std::max(row->second.access_end, access_end);
}

void MemoryStore::set_clock(Timestamp now) {
    for (const auto& [id, session] : tables_.sessions)
        if (session.access_end > now)
            insert_revocation({verify::Revocation::Kind::session, id, 0, session.access_end});
    tables_.buckets.clear();
    now_ = now;
}

void MemoryStore::revive_nothing(const std::string& event) {
    for (auto& [id, session] : tables_.sessions) end(session);
    std::erase_if(tables_.keys, [](const auto& row) { return row.second.algorithm != "MAC"; });
    ++tables_.epoch;
    insert_revocation({verify::Revocation::Kind::issued_before, "", base::unix_seconds(now_),
                       now_ + std::chrono::hours(24 * 3650)});
    tables_.next_status += 1 << 24;
    insert_revocation(
        {verify::Revocation::Kind::status_below, "", next_status(), now_ + std::chrono::hours(24 * 3650)});
    append_audit({now_, event, "", "", "", ""});
}

void MemoryStore::insert_revocation(const verify::Revocation& entry) {
    tables_.revocations.push_back(entry);
    tables_.revocations.back().id = ++tables_.last_revocation;
}

std::vector<verify::Revocation> MemoryStore::load_revocations() {
    std::vector<verify::Revocation> entries;
    for (const auto& entry : tables_.revocations)
        if (entry.expires > now_) entries.push_back(entry);
    return entries;
}

std::optional<Timestamp> MemoryStore::find_bucket(const std::string& key) {
    const auto row = tables_.buckets.find(key);
    return row == tables_.buckets.end() ? std::nullopt : std::optional(row->second);
}

std::vector<auth::StoredKey> MemoryStore::load_keys() {
    std::vector<auth::StoredKey> keys;
    for (const auto& [id, key] : tables_.keys) keys.push_back(key);
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.created < b.created; });
    return keys;
}

std::vector<auth::ServiceKey> MemoryStore::list_service_keys() {
    std::vector<auth::ServiceKey> keys;
    for (const auto& [name, key] : tables_.service_keys) keys.push_back(key);
    return keys;
}

std::vector<auth::AuditEvent> MemoryStore::list_audit(std::size_t limit) {
    const auto size = static_cast<std::ptrdiff_t>(std::min(limit, tables_.audit.size()));
    return {tables_.audit.rbegin(), tables_.audit.rbegin() + size};
}

std::size_t MemoryStore::sweep(std::size_t limit) {
    std::size_t deleted = 0;
    const auto drop = [&](auto& rows, auto is_over) {
        std::size_t left = limit;
        deleted += std::erase_if(rows,
                                 [&](const auto& row) { return is_over(row) && left > 0 && left-- > 0; });
    };
    drop(tables_.sessions,
         [&](const auto& row) { return row.second.idle_end < now_ && row.second.older_end < now_; });
    drop(tables_.revocations, [&](const auto& entry) { return entry.expires < now_; });
    drop(tables_.buckets, [&](const auto& row) { return row.second < now_; });
    drop(tables_.codes,
         [&](const auto& row) { return row.second.expires < now_ - std::chrono::minutes(10); });
    drop(tables_.audit, [&](const auto& event) { return event.time < now_ - std::chrono::hours(24 * 90); });
    return deleted;
}

}  // namespace coatcheck::store
