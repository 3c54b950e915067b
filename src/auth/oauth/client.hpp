// SPDX-License-Identifier: Apache-2.0
// An OAuth client: a program that gets tokens for users (RFC 6749 §1.1), or for itself.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/secret_hash.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

enum class ClientType {
    web,      // runs on a server and keeps a secret
    browser,  // a page: keeps no secret
    native,   // an app or a program on the user's machine: keeps no secret
    service,  // acts for itself, without a user
};
// How a client shows who it is at the token endpoint (RFC 7591 §2, token_endpoint_auth_method).
enum class ClientAuth { none, client_secret_basic, client_secret_post };
enum class GrantType { authorization_code, refresh_token, client_credentials };

std::string_view name_of(ClientType type);
std::string_view name_of(ClientAuth method);
std::string_view name_of(GrantType grant);
std::optional<ClientType> client_type_named(std::string_view name);
std::optional<ClientAuth> client_auth_named(std::string_view name);
std::optional<GrantType> grant_type_named(std::string_view name);

struct Client {
    std::string id;    // 22 base64url characters, or the id it was imported with
    std::string name;  // shown to users; 1 to 64 code points
    ClientType type = ClientType::web;
    ClientAuth auth = ClientAuth::client_secret_basic;
    // Of the present secret, and of the one before while both are accepted; empty: there is none.
    crypto::SecretHash secret_hash{}, older_secret_hash{};
    std::vector<std::string> redirect_uris{};
    std::vector<std::string> logout_uris{};  // post_logout_redirect_uris
    std::vector<std::string>
        scopes{};  // those that it may ask for; empty: openid_scopes and all of resources
    std::vector<std::string> resources{};  // those that it may ask for; empty: all that are configured
    std::vector<GrantType> grants{};
    // The audience of a token that is asked for without a resource: a resource, "default" for
    // Policy::audience, or empty: a token for userinfo alone.
    std::string default_resource{};
    bool asks_consent = true;
    bool enabled = true;
    std::int64_t version = 1;  // `ver` of the tokens that it gets for itself
    std::string session{};     // `sid` of the tokens that it gets for itself
    base::Timestamp created{};

    bool is_confidential() const { return auth != ClientAuth::none; }
    bool may(GrantType grant) const;
    // The user id that its own tokens state. No user has it (auth/users/names.hpp).
    std::string subject() const { return std::string(subject_prefix) + id; }
    static constexpr std::string_view subject_prefix = "client:";
};

// The id of the SDK's sessions in `client_id`.
inline constexpr std::string_view own_client = "coatcheck";
inline constexpr std::size_t most_clients = 1000;

// A redirect URI as it is registered, or the refusal (invalid_member): https; http to loopback; or, for
// native clients, a private-use scheme with a dot in lower case (RFC 8252 §7). No fragment, no user, no
// wildcard; at most 512 bytes of visible ASCII.
base::Result<std::string> checked_redirect_uri(std::string_view uri, ClientType type);
// True if a request may name this URI: it is equal, byte by byte, to one that is registered. The port of a
// native client's http URI to loopback is free (RFC 8252 §7.3).
bool redirect_uri_matches(const Client& client, std::string_view uri);
// The scheme and host of a registered redirect URI, as users should see it: "https://app.example".
std::string_view origin_of_uri(std::string_view uri);

// True if the secret is one of the client's. Takes the same time whichever it is.
bool has_secret(const Client& client, std::string_view secret);
// 32 random bytes as base64url, after "ccc_".
std::string new_client_secret();

}  // namespace coatcheck::auth
