// SPDX-License-Identifier: Apache-2.0
// A grant is what a user has given a client: a session of that client
// (docs/adr/0024-a-grant-is-a-session.md). So it is refreshed, listed, ended and told to verifiers as any
// session is. It begins as an authorization code: give_code() → the client's server → redeem_code(). All are
// store steps.
//
// The refresh token of a client with a secret stays the same. That of a public client rotates: presented
// again within the grace, it gives the same successor; later it ends the grant.
#pragma once

#include "auth/oauth/clients.hpp"
#include "auth/sessions/sign_in.hpp"
#include "token/refresh_token.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::auth {

// The session of the browser in which a user decides, and the user; both live.
struct SignedIn {
    Session session;
    User user;
};
// The user whose browser holds this refresh token. Nothing rotates, so that pages of the SDK go on with
// their token. A token that was superseded longer than the grace ago ends its session, as a refresh with it
// would. session_ended.
base::Result<SignedIn> find_signed_in(Store& store, const Policy& policy,
                                      const token::RefreshToken& presented, const std::string& address);

// True if the user has allowed this client these scopes and resources before, and such a consent counts for
// this client and redirect URI: not for URIs that any program on the user's machine can use (RFC 8252 §8.6).
bool is_covered(const Client& client, const AuthorizationCode& asked, const std::optional<Consent>& consent);

// The codes of one user that are kept at a time, redeemed ones too.
inline constexpr std::size_t most_codes = 500;

// Makes a code for what `asked` describes; its hash and end are set here. `consents`: the user has just
// agreed, which is kept. session_ended; consent_required; invalid_client; too_many_attempts.
base::Result<std::string> give_code(Store& store, const Policy& policy, AuthorizationCode asked,
                                    bool consents);

// The values that a client presents with a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
struct Redemption {
    std::string client;  // authenticated
    std::string code;
    std::optional<std::string> redirect_uri;
    std::string verifier;                // code_verifier
    std::vector<std::string> resources;  // those that the token is for; empty: all that were granted
};
// A grant, and the nonce of its authorization request (OpenID Connect Core §3.1.2.1).
struct Redeemed {
    Granted granted;
    std::string nonce;
};
// Opens the grant. invalid_grant: the code is unknown, over, of another client, or goes with another redirect
// URI or verifier; nothing is consumed. A second use with the right verifier ends the grant. invalid_target.
base::Result<Redeemed> redeem_code(Store& store, const Policy& policy, const Redemption& redemption);

struct GrantRefresh {
    token::RefreshToken token;
    std::string client;                             // authenticated
    std::optional<std::vector<std::string>> scope;  // narrower than granted; nullopt: as granted
    std::vector<std::string> resources;             // as in Redemption
    std::string address;
};
// Returns the grant with the narrowed scope and resources. invalid_grant: the token is not one of this
// client's grants that live; refresh_token_reused: the grant ends; invalid_scope, invalid_target: nothing is
// consumed.
base::Result<Granted> refresh_grant(Store& store, const Policy& policy, const GrantRefresh& form);

// A client that a user has given something: the consent that is kept, and the grants that live.
struct ConnectedClient {
    std::string client;
    std::vector<std::string> scope, resources;  // of the consent, and of all its grants
    std::size_t live = 0;                       // grants
    Timestamp since = Timestamp::max(), last_used{};
};
// By client id. Looks at the first 1,000 sessions of the user.
std::vector<ConnectedClient> connected_clients(ReadStore& store, const std::string& user);
// Forgets the consent and ends the user's grants to the client. False: there was nothing.
bool disconnect_client(Store& store, const std::string& user, const std::string& client, const Actor& by);

}  // namespace coatcheck::auth
