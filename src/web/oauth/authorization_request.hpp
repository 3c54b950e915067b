// SPDX-License-Identifier: Apache-2.0
// The authorization request: what a client asks for by sending the user's browser here (RFC 6749 §4.1.1,
// RFC 7636, RFC 8707, OpenID Connect Core §3.1.2.1). It travels in the query of each page and is read anew
// each time, so that nothing is written before a user is signed in.
#pragma once

#include "auth/oauth/clients.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::web {

inline constexpr std::size_t most_query_bytes = 12 * 1024;

// An error that the client is told of, by sending the browser back (RFC 6749 §4.1.2.1).
struct AuthorizationError {
    std::string_view code;
    std::string description;
};

struct AuthorizationRequest {
    std::shared_ptr<const auth::Client> client;
    std::string redirect_uri, state;
    bool form_post = false;                     // response_mode
    std::optional<AuthorizationError> error{};  // then only the members above are valid

    std::string challenge, nonce, login_hint, id_token_hint;
    std::vector<std::string> scope, resources;
    bool asks_nothing = false;  // prompt=none
    bool asks_sign_in = false;  // prompt=login, prompt=select_account
    bool asks_consent = false;  // prompt=consent
    std::optional<std::int64_t> max_age{};
};

// invalid_authorization_request: there is no such client, or the redirect URI is not one of it, so the
// browser cannot be sent back. All other mistakes are in `error`.
base::Result<AuthorizationRequest> parse_authorization_request(const auth::Policy& policy,
                                                               const auth::Clients& clients,
                                                               std::string_view query);

// The scope that the client gets: what it asks for, as far as it may have it; without `asked`, the default of
// the resources, or openid. Empty: nothing is left.
std::vector<std::string> granted_scope(const auth::Policy& policy, const auth::Client& client,
                                       const std::optional<std::vector<std::string>>& asked,
                                       const std::vector<std::string>& resources);

}  // namespace coatcheck::web
