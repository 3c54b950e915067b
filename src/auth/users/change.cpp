// SPDX-License-Identifier: Apache-2.0
#include "auth/users/change.hpp"

#include "auth/limits.hpp"
#include "auth/revocation/revoke.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"

#include <algorithm>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;
using verify::Revocation;

Result<User> create_user(Store& store, const Policy& policy, User user, const Actor& by) {
    if (user.id.empty()) {
        user.id = base::random_id();
    } else {
        if (store.find_user(user.id)) return Denied{Reason::id_taken, {}, "", "id"};
        // If a deleted user had this id, the new user starts at the version below which tokens are revoked.
        // So the deleted user's tokens stay revoked, and the new user's tokens are valid.
        for (const auto& entry : store.find_revocations(user.id))
            if (entry.kind == Revocation::Kind::user_revoked || entry.kind == Revocation::Kind::user_stale)
                user.version = std::max(user.version, entry.minimum);
    }
    user.created = store.now();
    if (auto inserted = store.insert_user(user); !inserted) return inserted.error();
    if (!user.enabled) revoke_foreign(store, policy, user.id, Foreign::for_good);
    store.append_audit({user.created, "user_created", user.id, "", by.address, by.detail()});
    return user;
}

bool set_password(Store& store, const Policy& policy, const std::string& id,
                  const std::optional<std::string>& expected, const std::string& hash,
                  const std::string& except, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user || (expected && user->password_hash != *expected)) return false;
    user->password_hash = hash;
    revoke_older_tokens(store, policy, *user, Foreign::until_now);
    forget_failures(store, id);
    for (const auto& session : store.end_sessions(id, except)) revoke_status(store, session);
    if (!except.empty())
        for (const auto& grant : store.children_of(id, except))
            if (store.end_session(grant.id)) revoke_status(store, grant);
    store.append_audit({store.now(), "password_changed", id, except, by.address, by.detail()});
    return true;
}

bool set_enabled(Store& store, const Policy& policy, const std::string& id, bool enabled, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return false;
    if (enabled) forget_failures(store, id);
    if (user->enabled == enabled) return true;
    user->enabled = enabled;
    if (enabled) {
        write_back(store, *user);
    } else {
        revoke_older_tokens(store, policy, *user, Foreign::for_good);
        for (const auto& session : store.end_sessions(id, "")) revoke_status(store, session);
    }
    store.append_audit(
        {store.now(), enabled ? "user_enabled" : "user_disabled", id, "", by.address, by.detail()});
    return true;
}

bool set_attributes(Store& store, const Policy& policy, const std::string& id,
                    const std::optional<std::vector<std::string>>& roles,
                    const std::optional<std::string>& claims, const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return false;
    if (roles) user->roles = *roles;
    if (claims) user->claims = *claims;
    make_older_tokens_stale(store, policy, *user);
    store.append_audit({store.now(), "user_attributes_changed", id, "", by.address, by.detail()});
    return true;
}

Result<User> set_email(Store& store, const std::string& id, const std::optional<std::string>& email,
                       const Actor& by) {
    auto user = store.lock_user(id);
    if (!user) return Denied{Reason::session_ended};
    user->email = email;
    if (auto updated = store.update_user(*user); !updated) return updated.error();
    store.append_audit({store.now(), "email_changed", id, "", by.address, by.detail()});
    return *user;
}

bool delete_user(Store& store, const Policy& policy, const std::string& id, const Actor& by) {
    const auto user = store.lock_user(id);
    if (!user) return false;
    revoke_all_tokens(store, policy, *user);
    for (const auto& session : store.end_sessions(id, "")) revoke_status(store, session);
    store.delete_user(id);
    forget_failures(store, id);
    store.append_audit({store.now(), "user_deleted", id, "", by.address, by.detail()});
    return true;
}

Result<User> change_user(Store& store, const Policy& policy, const std::string& id, const UserChange& change,
                         const Actor& by) {
    // The e-mail address comes first: only this change can be refused, and nothing else has changed yet.
    if (change.sets_email) {
        const auto changed = set_email(store, id, change.email, by);
        if (!changed && changed.error().reason == Reason::session_ended) return Reason::not_found;
        if (!changed) return changed.error();
    }
    if (change.roles || change.claims) set_attributes(store, policy, id, change.roles, change.claims, by);
    if (change.password_hash) set_password(store, policy, id, std::nullopt, *change.password_hash, "", by);
    if (change.enabled) set_enabled(store, policy, id, *change.enabled, by);
    auto user = store.find_user(id);
    if (!user) return Reason::not_found;
    return *std::move(user);
}

}  // namespace coatcheck::auth
