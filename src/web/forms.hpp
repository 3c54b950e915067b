// SPDX-License-Identifier: Apache-2.0
// Request bodies, turned into forms. A form that comes back is whole; every refusal names the member.
#pragma once

#include "auth/sign_in.hpp"
#include "base/result.hpp"
#include "web/http.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::web {

struct SignUpForm {
    std::string username;
    base::Secret password;
    std::optional<std::string> email;
};
struct PasswordForm {
    base::Secret current, replacement;
};
struct AccountForm {
    std::optional<std::string> email;  // null takes the address away
    base::Secret current_password;
};

// What is absent stays as it is; a new user has at least a name.
struct ManagedUserForm {
    std::optional<std::string> id, username, email, claims, password_hash;
    bool takes_email_away = false;
    std::optional<base::Secret> password;
    std::optional<std::vector<std::string>> roles;
    std::optional<bool> enabled;
};

// All refuse with unsupported_media_type, malformed_json, missing_, unknown_, duplicate_ or invalid_member.
base::Result<auth::SignIn> parse_sign_in(const Request& request, bool takes_crypt);
// `token`, to be exchanged, and how the session is to be; whose it is stands in the token.
base::Result<auth::Exchange> parse_exchange(const Request& request);
// `user_name` and `password`, as JSON or as a form; what else is there is ignored. Delivered by body.
base::Result<auth::SignIn> parse_envelope_sign_in(const Request& request);
// The refresh token, or empty where there is no body or {}.
base::Result<std::string> parse_refresh(const Request& request);
base::Result<SignUpForm> parse_sign_up(const Request& request);
base::Result<PasswordForm> parse_password_change(const Request& request);
base::Result<AccountForm> parse_account_change(const Request& request);
base::Result<base::Secret> parse_current_password(const Request& request);
base::Result<ManagedUserForm> parse_new_user(const Request& request);
base::Result<ManagedUserForm> parse_user_change(const Request& request);
// `token` of a form that an OAuth client sends (RFC 7662 §2.1, RFC 7009 §2.1); what else it sends is ignored
// (RFC 6749 §3.1).
base::Result<base::Secret> parse_token_form(const Request& request);

}  // namespace coatcheck::web
