// SPDX-License-Identifier: Apache-2.0
// The product's nouns as JSON, and the one answer that carries tokens.
#pragma once

#include "auth/tokens.hpp"
#include "web/http.hpp"
#include "web/settings.hpp"

#include <boost/json/object.hpp>
#include <string_view>

namespace coatcheck::web {

boost::json::object user_json(const auth::User& user, boost::json::storage_ptr storage = {});
// What those see who manage users: besides, whether the account is enabled, and since when there is one.
boost::json::object account_json(const auth::User& user);
boost::json::object session_json(const auth::Session& session, std::string_view current,
                                 boost::json::storage_ptr storage = {});

// The answer to sign-in, refresh and a password change: tokens by the session's delivery, and nowhere else.
void write_tokens(Response& response, const Settings& settings, const auth::Granted& granted,
                  const auth::Tokens& tokens);

// The same for clients that were written to the envelope {success, data, detail}; always by body.
void write_envelope(Response& response, const auth::Granted& granted, const auth::Tokens& tokens);

}  // namespace coatcheck::web
