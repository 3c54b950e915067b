// SPDX-License-Identifier: Apache-2.0
// Turns request bodies into forms. A returned form is complete. A refusal names the member that caused it.
// The edge has checked the Content-Type before (check_content_type()).
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "base/result.hpp"
#include "web/routes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coatcheck::web {

// The longest name or e-mail address that a sign-in may state, in bytes.
inline constexpr std::size_t max_login_bytes = 320;

struct SignUpForm {
    std::string username;
    base::Secret password;
    std::optional<std::string> email;
};
struct PasswordForm {
    base::Secret current, replacement;
};
struct AccountForm {
    std::optional<std::string> email;  // nullopt removes the address
    base::Secret current_password;
};

// Members that are absent stay as they are. A new user has at least a name.
struct ManagedUserForm {
    std::optional<std::string> id, username, email, claims, password_hash;
    bool removes_email = false;  // `email` was null
    std::optional<base::Secret> password;
    std::optional<std::vector<std::string>> roles;
    std::optional<bool> enabled;
};

// unsupported_media_type: the route takes a body of another type than the request declares.
base::Result<void> check_content_type(Takes takes, const Request& request);

// All refuse with malformed_json, missing_member, unknown_member, duplicate_member or invalid_member.
using base::Result;
Result<auth::SignIn> parse_sign_in(const Request& request, const Settings& settings);
// Reads a foreign token to exchange, and the delivery, lifetime and device of its session.
Result<auth::Exchange> parse_exchange(const Request& request, const Settings& settings);
// Reads `user_name` and `password`, as JSON or as a form, and ignores other members. The session delivers
// tokens in bodies.
Result<auth::SignIn> parse_envelope_sign_in(const Request& request, const Settings& settings);
// Returns the refresh token; empty if there is no body, or the body is {}.
Result<std::string> parse_refresh(const Request& request, const Settings& settings);
Result<SignUpForm> parse_sign_up(const Request& request, const Settings& settings);
Result<PasswordForm> parse_password_change(const Request& request, const Settings& settings);
Result<AccountForm> parse_account_change(const Request& request, const Settings& settings);
Result<base::Secret> parse_current_password(const Request& request, const Settings& settings);
Result<ManagedUserForm> parse_new_user(const Request& request, const Settings& settings);
Result<ManagedUserForm> parse_user_change(const Request& request, const Settings& settings);
// The value of the only field with that name in application/x-www-form-urlencoded text. Other fields are
// ignored. missing_member, duplicate_member, invalid_member (it is not percent-encoded).
Result<std::string> form_field(std::string_view body, std::string_view name);
// As form_field(), with a value for an absent field.
Result<std::string> form_field_or(std::string_view body, std::string_view name, std::string fallback);
// Returns `token` from the form of an OAuth client (RFC 7662 §2.1, RFC 7009 §2.1). Other fields are ignored
// (RFC 6749 §3.1).
// An OAuth client that names itself in the form (RFC 6749 §2.3.1, client_secret_post). nullopt: the form has
// no client_secret.
struct ClientForm {
    std::string id;
    base::Secret secret;
};
Result<std::optional<ClientForm>> parse_client(const Request& request);
Result<base::Secret> parse_token_form(const Request& request, const Settings& settings);

}  // namespace coatcheck::web
