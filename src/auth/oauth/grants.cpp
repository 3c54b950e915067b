// SPDX-License-Identifier: Apache-2.0
#include "auth/oauth/grants.hpp"

#include "auth/sessions/end.hpp"
#include "auth/sessions/rotation.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"
#include "crypto/digest.hpp"

#include <algorithm>
#include <map>

namespace coatcheck::auth {

using base::Denied;
using base::Reason;
using base::Result;

namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool contains_all(const std::vector<std::string>& list, const std::vector<std::string>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) { return contains(list, one); });
}

std::string hash_of_code(std::string_view code) { return base::base64url(crypto::sha256(code)); }

// Ends the grants of the user and the client beyond the bound, those first that were used longest ago.
void end_excess_grants(Store& store, const Session& newest) {
    constexpr std::size_t kept = 20, looked_at = 100;
    const auto ids = store.grants_of(newest.client, newest.user, looked_at);
    std::size_t live = ids.size();
    for (const auto& id : ids)
        if (live > kept && id != newest.id) {
            end_session(store, id, "session_displaced", "");
            --live;
        }
}

// Limits what a token says to the resources that it is for, and to what the client may still have. False:
// nothing is left.
bool narrow(const Policy& policy, const Client& client, Session& grant,
            const std::vector<std::string>& resources) {
    if (!resources.empty()) grant.resources = resources;
    for (const auto& resource : grant.resources)
        if (!may_use(policy, client, resource)) return false;
    const auto allowed = scopes_for(policy, client);
    const auto had_scope = !grant.scope.empty();
    grant.scope = scopes_within(policy, client, grant.scope, grant.resources);
    std::erase_if(grant.scope, [&](const std::string& scope) { return !contains(allowed, scope); });
    return !had_scope || !grant.scope.empty();
}

Granted granted_now(Store& store, const Policy& policy, Session session, User user, std::string secret) {
    Granted granted;
    granted.granted_at = store.now();
    granted.access_end = std::min(store.now() + policy.access_ttl, session.idle_end);
    granted.session = std::move(session);
    granted.user = std::move(user);
    granted.secret = std::move(secret);
    return granted;
}

}  // namespace

Result<SignedIn> find_signed_in(Store& store, const Policy& policy, const token::RefreshToken& presented,
                                const std::string& address) {
    const Denied over{Reason::session_ended};
    const auto session = store.find_session(presented.session);
    // A token that was delivered in a body is refused as a cookie, here as everywhere.
    if (!session || session->ended || session->idle_end <= store.now() || session->is_grant() ||
        session->delivery == Delivery::body || session->user != presented.user ||
        session->secret_hash != presented.secret_hash())
        return over;
    RotateRequest request;
    request.counter = presented.counter;
    request.grace = policy.grace;
    if (judge_counter(*session, request, store.now()) == Rotation::Outcome::reused) {
        // One behind may be a rotation that was never answered (ADR 22), which a refresh can tell.
        if (session->counter - presented.counter == 1) return over;
        end_session(store, session->id, "refresh_token_reused", address);
        return over;
    }
    auto user = store.find_user(session->user);
    if (!user || !user->enabled) return over;
    return SignedIn{*session, *std::move(user)};
}

namespace {

// The resources of a consent. A token without one may be for tokens.audience, which is agreed to as well.
std::vector<std::string> agreed_resources(const Client& client, std::vector<std::string> resources) {
    if (resources.empty() && client.default_resource == "default") resources.emplace_back("default");
    std::sort(resources.begin(), resources.end());
    return resources;
}

}  // namespace

bool is_covered(const Client& client, const AuthorizationCode& asked, const std::optional<Consent>& consent) {
    if (!client.asks_consent) return true;
    const auto resources = agreed_resources(client, asked.resources);
    return consent && asked.redirect_uri.starts_with("https://") &&
           (resources.empty() || consent->resources == resources) &&
           contains_all(consent->scope, asked.scope);
}

Result<std::string> give_code(Store& store, const Policy& policy, AuthorizationCode asked, bool consents) {
    const auto user = store.lock_user(asked.user);
    if (!user || !user->enabled || user->version != asked.user_version) return Reason::session_ended;
    const auto parent = store.find_session(asked.parent);
    if (!parent || parent->ended || parent->idle_end <= store.now() || parent->user != user->id)
        return Reason::session_ended;
    const auto client = store.lock_client_shared(asked.client);
    if (!client || !client->enabled) return Reason::invalid_client;
    // Codes stay for eleven minutes, and a browser can ask for thousands.
    if (store.count_codes(asked.user) >= most_codes)
        return Denied{Reason::too_many_attempts, std::chrono::minutes(1)};
    const auto before = store.find_consent(asked.user, asked.client);
    if (consents) {
        // Scopes add up for the same resources only: "read" of one API says nothing about another.
        Consent consent{asked.user, asked.client, asked.scope, agreed_resources(*client, asked.resources),
                        store.now()};
        if (before && consent.resources.empty()) consent.resources = before->resources;
        if (before && before->resources == consent.resources)
            for (const auto& scope : before->scope)
                if (!contains(consent.scope, scope)) consent.scope.push_back(scope);
        store.save_consent(consent);
    } else if (!is_covered(*client, asked, before)) {
        return Reason::consent_required;
    }
    // The user uses the browser's session, so its idle end moves; not more often than once an hour.
    if (store.now() - parent->last_used >= std::chrono::hours(1))
        store.touch_session(parent->id, store.now() + policy.idle);
    const std::string code = base::base64url(base::random_bytes(32));
    asked.hash = hash_of_code(code);
    asked.expires = store.now() + policy.oauth.code_ttl;
    store.insert_code(asked);
    return code;
}

std::vector<ConnectedClient> connected_clients(ReadStore& store, const std::string& user) {
    std::map<std::string, ConnectedClient> found;
    const auto add = [](std::vector<std::string>& list, const std::vector<std::string>& more) {
        for (const auto& one : more)
            if (!contains(list, one)) list.push_back(one);
    };
    const auto note = [&](const std::string& client, const std::vector<std::string>& scope,
                          const std::vector<std::string>& resources, Timestamp since,
                          Timestamp used) -> ConnectedClient& {
        ConnectedClient& row = found[client];
        row.client = client;
        add(row.scope, scope);
        add(row.resources, resources);
        row.since = std::min(row.since, since);
        row.last_used = std::max(row.last_used, used);
        return row;
    };
    for (const auto& consent : store.consents_of(user))
        note(consent.client, consent.scope, consent.resources, consent.given, consent.given);
    constexpr std::size_t most = 1000;
    for (const auto& session : store.page_of_sessions({.limit = most, .user = user}))
        if (session.is_grant())
            ++note(session.client, session.scope, session.resources, session.created, session.last_used).live;
    std::vector<ConnectedClient> rows;
    for (auto& [client, row] : found) rows.push_back(std::move(row));
    return rows;
}

bool disconnect_client(Store& store, const std::string& user, const std::string& client, const Actor& by) {
    bool had_any = store.delete_consent(user, client);
    constexpr std::size_t at_once = 100;
    for (const auto& grant : store.grants_of(client, user, at_once)) {
        end_session(store, grant, "client_disconnected", by);
        had_any = true;
    }
    return had_any;
}

Result<Redeemed> redeem_code(Store& store, const Policy& policy, const Redemption& form) {
    const auto refused = [](const char* why) { return Denied{Reason::invalid_grant, {}, why}; };
    const auto code = store.lock_code(hash_of_code(form.code));
    if (!code || code->client != form.client) return refused("the code is unknown, or another client's");
    if (form.redirect_uri && *form.redirect_uri != code->redirect_uri)
        return refused("redirect_uri is not that of the authorization request");
    if (!base::equal_in_constant_time(base::base64url(crypto::sha256(form.verifier)), code->challenge))
        return refused("code_verifier does not belong to the code_challenge");
    if (!code->session.empty()) {
        // Somebody else has the code and its verifier: whoever was first, the tokens may be a thief's (RFC
        // 6749 §4.1.2).
        end_session(store, code->session, "code_reused", "");
        return refused("the code was used before");
    }
    if (code->expires <= store.now()) return refused("the code has expired");
    if (!contains_all(code->resources, form.resources)) return Reason::invalid_target;
    const auto client = store.lock_client_shared(form.client);
    if (!client || !client->enabled) return Reason::invalid_client;
    const auto user = store.lock_user(code->user);
    if (!user || !user->enabled || user->version != code->user_version)
        return refused("the user's sign-in is over");
    const auto parent = store.lock_session(code->parent);
    if (!parent || parent->ended || parent->idle_end <= store.now())
        return refused("the user's sign-in is over");

    const Timestamp now = store.now();
    Session grant;
    grant.scope = code->scope;
    grant.resources = code->resources;
    Session narrowed = grant;  // what the first token says of it
    if (!narrow(policy, *client, narrowed, form.resources))
        return refused("the client may no longer have what was granted");
    grant.id = base::random_id();
    grant.user = user->id;
    grant.client = client->id;
    grant.parent = parent->id;
    grant.delivery = Delivery::body;
    grant.device = client->name;
    grant.address = parent->address;
    grant.created = grant.last_used = now;
    grant.authenticated = code->authenticated;
    grant.amr = code->amr;
    grant.absolute_end = now + policy.absolute;
    if (!contains(grant.scope, offline_access))
        grant.absolute_end = std::min(grant.absolute_end, parent->absolute_end);
    grant.idle_end = std::min(now + policy.idle, grant.absolute_end);
    if (!client->may(GrantType::refresh_token))
        grant.idle_end = grant.absolute_end = std::min(grant.absolute_end, now + policy.access_ttl);
    grant.access_end = std::min(now + policy.access_ttl, grant.idle_end);
    if (policy.status_lists) grant.status = store.next_status();
    const std::string secret = base::random_bytes(16);
    grant.secret_hash = crypto::SecretHash::of(secret);
    if (!store.insert_session(grant, user->password_hash)) return refused("the user's sign-in is over");
    store.use_code(code->hash, grant.id);
    end_excess_grants(store, grant);
    grant.scope.swap(narrowed.scope);
    grant.resources.swap(narrowed.resources);
    store.append_audit(
        {now, "grant_given", user->id, grant.id, grant.address, client->id + " " + client->name});
    return Redeemed{granted_now(store, policy, std::move(grant), *user, secret), code->nonce};
}

Result<Granted> refresh_grant(Store& store, const Policy& policy, const GrantRefresh& form) {
    const auto refused = [](const char* why) { return Denied{Reason::invalid_grant, {}, why}; };
    constexpr const char* over = "the grant has ended, or the token is another client's";
    const auto client = store.find_client(form.client);
    if (!client || !client->enabled) return Reason::invalid_client;
    // The scope is checked before the rotation, so that a mistake in the request costs no token.
    const auto before = client->is_confidential() ? store.lock_session(form.token.session)
                                                  : store.find_session(form.token.session);
    if (!before || before->client != client->id || before->user != form.token.user || before->ended ||
        before->secret_hash != form.token.secret_hash())
        return refused(over);
    if (form.scope && !contains_all(before->scope, *form.scope)) return Reason::invalid_scope;
    if (!contains_all(before->resources, form.resources)) return Reason::invalid_target;
    Session narrowed = *before;
    if (form.scope) narrowed.scope = *form.scope;
    if (!narrow(policy, *client, narrowed, form.resources))
        return refused("the client may no longer have what was granted");

    RotateRequest request;
    request.session = form.token.session;
    request.user = form.token.user;
    request.secret_hash = form.token.secret_hash();
    request.counter = form.token.counter;
    request.grace = client->type == ClientType::native ? policy.oauth.native_grace : policy.grace;
    request.idle = policy.idle;
    request.access_ttl = policy.access_ttl;
    request.client = client->id;
    Granted granted;
    if (client->is_confidential()) {
        const auto user = store.find_user(before->user);
        if (!user || !user->enabled || before->idle_end <= store.now()) return refused(over);
        if (form.token.counter != before->counter) {
            end_session(store, before->id, "refresh_token_reused", form.address);
            return Reason::refresh_token_reused;
        }
        store.touch_session(before->id, store.now() + policy.idle);
        granted = granted_now(store, policy, *store.find_session(before->id), *user, form.token.secret);
    } else {
        Rotation rotation = store.rotate_grant(request);
        if (rotation.outcome == Rotation::Outcome::reused) {
            end_session(store, form.token.session, "refresh_token_reused", form.address);
            return Reason::refresh_token_reused;
        }
        if (rotation.outcome != Rotation::Outcome::rotated && rotation.outcome != Rotation::Outcome::repeated)
            return refused(over);
        granted = granted_now(store, policy, std::move(rotation.session), std::move(rotation.user),
                              form.token.secret);
    }
    if (granted.access_end > granted.session.access_end)
        store.extend_access(granted.session.id, granted.access_end);
    granted.session.scope = narrowed.scope;
    granted.session.resources = narrowed.resources;
    return granted;
}

}  // namespace coatcheck::auth
