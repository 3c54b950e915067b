// SPDX-License-Identifier: Apache-2.0
#include "web/answers.hpp"

#include "base/bytes.hpp"
#include "base/secret.hpp"
#include "crypto/digest.hpp"
#include "token/json.hpp"
#include "web/cookies.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::web {

using base::unix_seconds;
namespace json = boost::json;

std::string short_digest(std::string_view content) {
    return base::base64url(crypto::sha256(content).substr(0, 12));
}

std::string entity_tag(std::string_view content) { return '"' + short_digest(content) + '"'; }

json::object user_json(const auth::User& user, json::storage_ptr storage) {
    json::array roles(user.roles.begin(), user.roles.end(), storage);
    json::value claims = json::parse(user.claims, storage);
    json::object shown(5, std::move(storage));
    shown["id"] = user.id;
    shown["username"] = user.username;
    shown["email"] = user.email ? json::value(*user.email, shown.storage()) : json::value(nullptr);
    shown["roles"] = std::move(roles);
    shown["claims"] = std::move(claims);
    return shown;
}

json::object account_json(const auth::User& user) {
    json::object account = user_json(user);
    account["enabled"] = user.enabled;
    account["created_at"] = unix_seconds(user.created);
    return account;
}

json::object session_json(const auth::Session& session, std::string_view current, json::storage_ptr storage) {
    return json::object(
        {{"id", session.id},
         {"device", session.device},
         {"address", session.address},
         {"created_at", unix_seconds(session.created)},
         {"last_used_at", unix_seconds(session.last_used)},
         {"idle_expires_at", unix_seconds(session.idle_end)},
         {"expires_at", unix_seconds(session.absolute_end)},
         {"delivery", auth::name_of(session.delivery)},
         {"client_id", session.is_grant() ? json::value(session.client) : json::value(nullptr)},
         {"current", session.id == current}},
        std::move(storage));
}

Reply tokens_reply(const Settings& settings, const auth::Granted& granted, const auth::Tokens& tokens) {
    Reply reply;
    const auth::Session& session = granted.session;
    const bool dev = settings.dev;
    token::JsonArena<8192> arena;
    json::object answer(8, arena);
    if (session.delivery == auth::Delivery::cookie) {
        set_cookie(reply, CookieKind::access, tokens.access, tokens.access_end, dev);
    } else {
        answer["token"] = tokens.access;
        answer["token_type"] = tokens.type;
    }
    answer["expires_in"] = tokens.life.count();
    answer["expires_at"] = unix_seconds(tokens.access_end);
    if (session.delivery == auth::Delivery::body) answer["refresh_token"] = tokens.refresh;
    else set_cookie(reply, CookieKind::refresh, tokens.refresh, session.idle_end, dev);
    answer["user"] = user_json(granted.user, arena);
    answer["session"] = session_json(session, session.id, arena);
    write_json(reply, 200, json::serialize(answer));
    base::wipe_stack();  // serialize() puts its text together there
    return reply;
}

Reply envelope_reply(const auth::Granted& granted, const auth::Tokens& tokens) {
    json::object data{{"token", tokens.access},
                      {"user_id", granted.user.id},
                      {"expires_at", unix_seconds(tokens.access_end)},
                      {"refresh_token", tokens.refresh}};
    Reply reply;
    write_json(reply, 200,
               json::serialize(json::object{{"success", true},
                                            {"data", std::move(data)},
                                            {"detail", {{"message", "Signed in."}, {"error", nullptr}}}}));
    base::wipe_stack();
    return reply;
}

}  // namespace coatcheck::web
