// SPDX-License-Identifier: Apache-2.0
// What a client may know of its user (OpenID Connect Core §5.3).
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/oauth/token_request.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {
Answer show_userinfo(Call& call) {
    const auto& claims = *call.user;
    if (!has_word(claims.scope, auth::openid))
        co_return base::Denied{
            base::Reason::insufficient_scope, {}, "userinfo needs a token with the scope openid"};
    const auto user = co_await from_store(call.service(), &auth::ReadStore::find_user, claims.subject);
    if (!user) co_return base::Reason::token_revoked;
    boost::json::object answer{{"sub", user->id}};
    if (has_word(claims.scope, auth::profile)) answer["preferred_username"] = user->username;
    // Nobody has verified the address yet, so it could be anybody's.
    if (has_word(claims.scope, auth::email) && user->email && call.service().policy.oauth.unverified_email) {
        answer["email"] = *user->email;
        answer["email_verified"] = false;
    }
    if (has_word(claims.scope, auth::roles_scope))
        answer["roles"] = boost::json::array(user->roles.begin(), user->roles.end());
    co_return json_reply(200, answer);
}

}  // namespace coatcheck::web
