// SPDX-License-Identifier: Apache-2.0
// Request bodies, turned into forms. A form that comes back is whole. Every refusal names the member. The
// edge has checked the Content-Type before (check_content_type()).
#pragma once

#include "auth/sessions/sign_in.hpp"
#include "base/result.hpp"
#include "web/routes.hpp"

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
    std::optional<std::string> email;  // nothing: the address is removed
    base::Secret current_password;
};

// A member that is absent stays as it is. A new user has at least a name.
struct ManagedUserForm {
    std::optional<std::string> id, username, email, claims, password_hash;
    bool removes_email = false;  // `email` was null
    std::optional<base::Secret> password;
    std::optional<std::vector<std::string>> roles;
    std::optional<bool> enabled;
};

// unsupported_media_type, if the route takes a body of another type than the request declares.
base::Result<void> check_content_type(Takes takes, const Request& request);

// All refuse with malformed_json, missing_member, unknown_member, duplicate_member or invalid_member.
using base::Result;
Result<auth::SignIn> parse_sign_in(const Request& request, const Settings& settings);
// A foreign token to be exchanged, and how its session is to be.
Result<auth::Exchange> parse_exchange(const Request& request, const Settings& settings);
// `user_name` and `password`, as JSON or as a form; other members are ignored. The session delivers tokens in
// bodies.
Result<auth::SignIn> parse_envelope_sign_in(const Request& request, const Settings& settings);
// The refresh token; empty if there is no body, or the body is {}.
Result<std::string> parse_refresh(const Request& request, const Settings& settings);
Result<SignUpForm> parse_sign_up(const Request& request, const Settings& settings);
Result<PasswordForm> parse_password_change(const Request& request, const Settings& settings);
Result<AccountForm> parse_account_change(const Request& request, const Settings& settings);
Result<base::Secret> parse_current_password(const Request& request, const Settings& settings);
Result<ManagedUserForm> parse_new_user(const Request& request, const Settings& settings);
Result<ManagedUserForm> parse_user_change(const Request& request, const Settings& settings);
// `token` of an OAuth client's form (RFC 7662 §2.1, RFC 7009 §2.1); other fields are ignored (RFC 6749 §3.1).
Result<base::Secret> parse_token_form(const Request& request, const Settings& settings);

}  // namespace coatcheck::web
