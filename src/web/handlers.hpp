// SPDX-License-Identifier: Apache-2.0
// Every handler, by the file that holds it. Refusals are written with write_problem(); what is thrown is told
// as 503 or 500 by the connection.
#pragma once

#include "web/http.hpp"
#include "web/service.hpp"

#include <boost/asio/awaitable.hpp>

namespace coatcheck::web {

using Waits = boost::asio::awaitable<void>;

// handle_authentication.cpp
Waits sign_in(Context&, const Request&, Response&);
Waits exchange_token(Context&, const Request&, Response&);
Waits sign_in_by_envelope(Context&, const Request&, Response&);
Waits who_am_i(Context&, const Request&, Response&);
Waits refresh(Context&, const Request&, Response&);
Waits sign_out(Context&, const Request&, Response&);

// handle_sessions.cpp
Waits list_sessions(Context&, const Request&, Response&);
Waits end_session(Context&, const Request&, Response&);
Waits end_sessions(Context&, const Request&, Response&);

// handle_users.cpp
Waits sign_up(Context&, const Request&, Response&);
Waits show_account(Context&, const Request&, Response&);
Waits change_account(Context&, const Request&, Response&);
Waits delete_account(Context&, const Request&, Response&);
Waits change_password(Context&, const Request&, Response&);

// handle_admin.cpp
Waits list_managed_users(Context&, const Request&, Response&);
Waits create_managed_user(Context&, const Request&, Response&);
Waits show_managed_user(Context&, const Request&, Response&);
Waits change_managed_user(Context&, const Request&, Response&);
Waits delete_managed_user(Context&, const Request&, Response&);
Waits list_managed_sessions(Context&, const Request&, Response&);
Waits end_managed_sessions(Context&, const Request&, Response&);
Waits end_managed_session(Context&, const Request&, Response&);

// handle_verify.cpp
void verify_token(Context&, const Request&, Response&);

// handle_revocations.cpp
Waits show_status_list(Context&, const Request&, Response&);
void show_revocations(Context&, const Request&, Response&);

// handle_oauth.cpp
Waits introspect(Context&, const Request&, Response&);
Waits revoke(Context&, const Request&, Response&);

// handle_public.cpp
void show_keys(Context&, const Request&, Response&);
void show_metadata(Context&, const Request&, Response&);
void show_openapi(Context&, const Request&, Response&);
void show_page_file(Context&, const Request&, Response&);
void show_sdk_file(Context&, const Request&, Response&);
void show_diagnosis(Context&, const Request&, Response&);
void show_health(Context&, const Request&, Response&);
Waits show_readiness(Context&, const Request&, Response&);
void show_metrics(Context&, const Request&, Response&);

}  // namespace coatcheck::web
