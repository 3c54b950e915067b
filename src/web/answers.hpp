// SPDX-License-Identifier: Apache-2.0
// Users and sessions as JSON, and the replies that carry tokens.
#pragma once

#include "auth/keys/tokens.hpp"
#include "web/service.hpp"

#include <boost/json/object.hpp>
#include <string_view>

namespace coatcheck::web {

// 96 bits of the content's digest, as text.
std::string short_digest(std::string_view content);
// The ETag of this content, quotes included (RFC 9110 §8.8.3).
std::string entity_tag(std::string_view content);

// A user, as shown to the user.
boost::json::object user_json(const auth::User& user, boost::json::storage_ptr storage = {});
// A user, as shown to services: also tells whether the account is enabled, and when it was created.
boost::json::object account_json(const auth::User& user);
// A session. `current` is the id of the session that the client uses; empty: none.
boost::json::object session_json(const auth::Session& session, std::string_view current,
                                 boost::json::storage_ptr storage = {});

// The reply to a sign-in, an exchange, a refresh or a password change. The session's delivery decides where
// each token goes; no token goes to any other place.
Reply tokens_reply(const Settings& settings, const auth::Granted& granted, const auth::Tokens& tokens);

// The reply to a sign-in in the envelope dialect, {success, data, detail}: both tokens are in the body.
Reply envelope_reply(const auth::Granted& granted, const auth::Tokens& tokens);

}  // namespace coatcheck::web
