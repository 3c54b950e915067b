// SPDX-License-Identifier: Apache-2.0
// The request to the token endpoint (RFC 6749 §4.1.3, §4.4.2, §6; RFC 7636 §4.5; RFC 8707 §2.2).
#pragma once

#include "auth/oauth/client.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"
#include "web/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::web {

inline constexpr std::size_t most_resources = 8, most_scopes = 64;

struct TokenRequest {
    auth::GrantType grant = auth::GrantType::authorization_code;
    base::Secret code, refresh_token;
    std::optional<std::string> redirect_uri;
    std::string verifier;
    std::optional<std::vector<std::string>> scope;
    std::vector<std::string> resources;
};

// unsupported_grant_type; missing_member, duplicate_member, invalid_member.
base::Result<TokenRequest> parse_token_request(const http::Request& request, const Settings& settings);

// The words of a scope (RFC 6749 §3.3), each once. nullopt: it is none, or has too many words.
std::optional<std::vector<std::string>> words_of_scope(std::string_view text);
// True if `wanted` is one of the words of a scope.
bool has_word(std::string_view words, std::string_view wanted);
// A URI by which a client names a resource: scheme and host in lower case, and without the slash of an empty
// path, so that both spellings are one. nullopt: it is no absolute URI, or has a fragment (RFC 8707 §2).
std::optional<std::string> normal_resource(std::string_view text);
// All fields `resource` of a form or query. nullopt: one is not valid, or there are too many.
std::optional<std::vector<std::string>> resources_in(std::string_view fields);
// 43 to 128 characters that need no encoding (RFC 7636 §4.1).
bool is_code_verifier(std::string_view text);

}  // namespace coatcheck::web
