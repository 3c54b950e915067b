// SPDX-License-Identifier: Apache-2.0
// The product's nouns as JSON, and the replies that carry tokens.
#pragma once

#include "auth/keys/tokens.hpp"
#include "web/service.hpp"

#include <boost/json/object.hpp>
#include <string_view>

namespace coatcheck::web {

// A user, as the user sees the own account.
boost::json::object user_json(const auth::User& user, boost::json::storage_ptr storage = {});
// The same with what administrators see besides: whether the account is enabled, and when it was made.
boost::json::object account_json(const auth::User& user);
boost::json::object session_json(const auth::Session& session, std::string_view current,
                                 boost::json::storage_ptr storage = {});

// The reply to sign-in, refresh and a password change: tokens by the session's delivery, and in no other
// place.
Reply tokens_reply(const Settings& settings, const auth::Granted& granted, const auth::Tokens& tokens);

// The same for clients of the envelope {success, data, detail}: always in the body.
Reply envelope_reply(const auth::Granted& granted, const auth::Tokens& tokens);

}  // namespace coatcheck::web
