// SPDX-License-Identifier: Apache-2.0
#include "auth/keys/tokens.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "crypto/digest.hpp"
#include "token/claims.hpp"
#include "token/id_token.hpp"
#include "token/refresh_token.hpp"

#include <algorithm>

namespace coatcheck::auth {

namespace {

bool has_scope(const std::vector<std::string>& scope, std::string_view name) {
    return std::find(scope.begin(), scope.end(), name) != scope.end();
}

// RFC 8707 §2: without a resource, the client's own default.
std::vector<std::string> audience_of(const Policy& policy, const Client& client,
                                     const std::vector<std::string>& resources) {
    if (!resources.empty()) return resources;
    if (client.default_resource == "default") return {policy.audience};
    if (!client.default_resource.empty()) return {client.default_resource};
    return {userinfo_audience(policy)};
}

token::AccessClaims claims_of(const Policy& policy, const Granted& granted, Timestamp now) {
    const auto& [user, session, granted_at, access_end, secret] = granted;
    token::AccessClaims claims;
    claims.issuer = policy.issuer;
    claims.subject = user.id;
    claims.audience = {policy.audience};
    claims.issued = std::chrono::floor<std::chrono::seconds>(now);
    claims.expires = claims.issued + std::chrono::floor<std::chrono::seconds>(access_end - granted_at);
    claims.id = base::random_id();
    claims.session = session.id;
    const Timestamp recognised = session.authenticated == Timestamp{} ? session.created
                                                                      : session.authenticated;
    claims.authenticated = std::min(claims.issued,
                                    Timestamp(std::chrono::floor<std::chrono::seconds>(recognised)));
    claims.methods = session.amr;
    claims.username = user.username;
    claims.roles = user.roles;
    claims.version = user.version;
    claims.extra = user.claims;
    if (policy.status_lists && session.status >= 0) claims.status = session.status;
    return claims;
}

std::string signed_and_encrypted(const Ring& ring, const Policy& policy, const token::AccessClaims& claims) {
    std::string access = token::mint(claims, ring.current_id, *ring.current);
    // Only verifiers of the usual audience have the encryption keys.
    const bool is_for_us = claims.audience.size() == 1 && claims.audience.front() == policy.audience;
    if (policy.encryption && is_for_us) access = token::encrypt(access, policy.encryption->get()->front());
    return access;
}

Tokens tokens_of(const Ring& ring, const Policy& policy, const Granted& granted,
                 const token::AccessClaims& claims) {
    token::RefreshToken refresh;
    refresh.kind = granted.session.is_grant() ? token::RefreshKind::grant : token::RefreshKind::session;
    refresh.user = granted.user.id;
    refresh.session = granted.session.id;
    refresh.counter = granted.session.counter;
    refresh.secret = granted.secret;
    const auto life = std::chrono::duration_cast<std::chrono::seconds>(claims.expires - claims.issued);
    return {signed_and_encrypted(ring, policy, claims), refresh.write(*ring.mac_key), claims.expires, life};
}

}  // namespace

std::string joined_by_spaces(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text.append(text.empty() ? "" : " ").append(word);
    return text;
}

std::string userinfo_audience(const Policy& policy) {
    return policy.issuer + (policy.issuer.ends_with('/') ? "" : "/") + "oauth2/userinfo";
}

verify::Policy verification_of(const Policy& policy) {
    verify::Policy verification{policy.issuer, policy.audience, false, policy.encryption,
                                policy.only_encrypted};
    if (policy.oauth.enabled) {
        verification.more_audiences.push_back(userinfo_audience(policy));
        for (const auto& resource : policy.oauth.resources)
            verification.more_audiences.push_back(resource.uri);
    }
    return verification;
}

Tokens mint_tokens(const Ring& ring, const Policy& policy, const Granted& granted, Timestamp now) {
    return tokens_of(ring, policy, granted, claims_of(policy, granted, now));
}

Tokens mint_grant_tokens(const Ring& ring, const Policy& policy, const Client& client, const Granted& granted,
                         Timestamp now) {
    token::AccessClaims claims = claims_of(policy, granted, now);
    claims.client = client.id;
    claims.scope = joined_by_spaces(granted.session.scope);
    claims.audience = audience_of(policy, client, granted.session.resources);
    if (client.asks_consent && !has_scope(granted.session.scope, roles_scope)) {
        claims.roles.clear();
        claims.extra = "{}";
    }
    Tokens tokens = tokens_of(ring, policy, granted, claims);
    if (!client.may(GrantType::refresh_token)) tokens.refresh.clear();
    return tokens;
}

Tokens mint_client_token(const Ring& ring, const Policy& policy, const Client& client,
                         const std::vector<std::string>& scope, const std::vector<std::string>& resources,
                         Timestamp now) {
    token::AccessClaims claims;
    claims.issuer = policy.issuer;
    claims.subject = client.subject();
    claims.username = client.subject();
    claims.client = client.id;
    claims.scope = joined_by_spaces(scope);
    claims.audience = audience_of(policy, client, resources);
    claims.issued = claims.authenticated = std::chrono::floor<std::chrono::seconds>(now);
    claims.expires = claims.issued + std::chrono::floor<std::chrono::seconds>(policy.access_ttl);
    claims.id = base::random_id();
    claims.session = client.session;
    claims.version = client.version;
    const auto life = std::chrono::duration_cast<std::chrono::seconds>(claims.expires - claims.issued);
    return {signed_and_encrypted(ring, policy, claims), "", claims.expires, life};
}

std::string id_token_session(const Ring& ring, std::string_view browser_session, std::string_view client) {
    const std::string text = "coatcheck sid\n" + std::string(browser_session) + "\n" + std::string(client);
    return base::base64url(crypto::hmac_sha256(ring.mac_key->reveal(), text).substr(0, 16));
}

std::string mint_id_token(const Ring& ring, const Policy& policy, const Granted& granted,
                          const std::string& access_token, const std::string& nonce, Timestamp now) {
    const Session& grant = granted.session;
    const auto issued = std::chrono::floor<std::chrono::seconds>(now);
    token::IdClaims claims{
        policy.issuer,
        granted.user.id,
        grant.client,
        issued,
        issued + std::chrono::floor<std::chrono::seconds>(policy.oauth.id_token_ttl),
        std::min<Timestamp>(issued, std::chrono::floor<std::chrono::seconds>(grant.authenticated))};
    claims.methods = grant.amr;
    claims.nonce = nonce;
    claims.session = id_token_session(ring, grant.parent, grant.client);
    if (has_scope(grant.scope, profile)) claims.username = granted.user.username;
    claims.access_token = access_token;
    return token::write_id_token(claims, ring.current_id, *ring.current);
}

}  // namespace coatcheck::auth
