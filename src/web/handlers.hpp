// SPDX-License-Identifier: Apache-2.0
// All handlers, grouped by the file that holds them.
#pragma once

#include "web/call.hpp"
#include "web/forms.hpp"
#include "web/oauth/token_request.hpp"
#include "web/pages/page_forms.hpp"

namespace coatcheck::web {

// session/sign_in.cpp
Answer sign_in(Call&, auth::SignIn);
Answer sign_in_by_envelope(Call&, auth::SignIn);
Answer exchange_token(Call&, auth::Exchange);

// session/session.cpp
Answer who_am_i(Call&);
Answer refresh(Call&);
Answer sign_out(Call&);

// session/events.cpp
base::Result<void> watch_session(Call&, Reply&);

// session/sessions.cpp
Answer list_sessions(Call&);
Answer end_session(Call&);
Answer end_sessions(Call&);

// account/account.cpp
Answer sign_up(Call&, SignUpForm);
Answer show_account(Call&);
Answer change_account(Call&, AccountForm);
Answer delete_account(Call&, base::Secret current_password);
Answer change_password(Call&, PasswordForm);

// account/grants.cpp
Answer list_grants(Call&);
Answer disconnect_client(Call&);

// admin/users.cpp
Answer list_managed_users(Call&);
Answer create_managed_user(Call&, ManagedUserForm);
Answer show_managed_user(Call&);
Answer change_managed_user(Call&, ManagedUserForm);
Answer delete_managed_user(Call&);

// admin/sessions.cpp
Answer list_managed_sessions(Call&);
Answer end_managed_sessions(Call&);
Answer end_managed_session(Call&);

// verify/verify.cpp
base::Result<void> verify_token(Call&, Reply&);

// verify/feed.cpp
base::Result<void> show_revocations(Call&, Reply&);

// verify/status_list.cpp
Answer show_status_list(Call&);

// oauth/introspect.cpp
Answer introspect(Call&, base::Secret token);
Answer revoke(Call&, base::Secret token);

// oauth/authorize.cpp
Answer authorize(Call&);
Answer authorize_by_form(Call&);

// oauth/token.cpp
Answer give_tokens(Call&, TokenRequest);

// oauth/userinfo.cpp
Answer show_userinfo(Call&);

// oauth/logout.cpp
Answer log_out(Call&);
Answer log_out_by_form(Call&);

// pages/sign_in.cpp
Answer show_sign_in(Call&);
Answer sign_in_on_page(Call&, PageSignIn);

// pages/consent.cpp
Answer show_consent(Call&);
Answer decide_consent(Call&, PageForm);

// oauth/discovery.cpp
base::Result<void> show_keys(Call&, Reply&);
base::Result<void> show_metadata(Call&, Reply&);

// pages/files.cpp
base::Result<void> show_openapi(Call&, Reply&);
base::Result<void> show_page_file(Call&, Reply&);
base::Result<void> show_sdk_file(Call&, Reply&);
base::Result<void> show_pages_style(Call&, Reply&);
base::Result<void> show_diagnosis(Call&, Reply&);

// health.cpp
base::Result<void> show_health(Call&, Reply&);
Answer show_readiness(Call&);
base::Result<void> show_metrics(Call&, Reply&);

}  // namespace coatcheck::web
