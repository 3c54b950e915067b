// SPDX-License-Identifier: Apache-2.0
// What a client may know of its user (OpenID Connect Core §5.3).
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {
namespace {

bool has_scope(std::string_view scope, std::string_view wanted) {
    while (!scope.empty()) {
        const auto word = scope.substr(0, scope.find(' '));
        if (word == wanted) return true;
        scope.remove_prefix(std::min(word.size() + 1, scope.size()));
    }
    return false;
}

}  // namespace

Answer show_userinfo(Call& call) {
    const auto& claims = *call.user;
    if (!has_scope(claims.scope, auth::openid))
        co_return base::Denied{
            base::Reason::insufficient_scope, {}, "userinfo needs a token with the scope openid"};
    const auto user = co_await from_store(call.service(), &auth::ReadStore::find_user, claims.subject);
    if (!user) co_return base::Reason::token_revoked;
    boost::json::object answer{{"sub", user->id}};
    if (has_scope(claims.scope, auth::profile)) answer["preferred_username"] = user->username;
    // Nobody has verified the address yet, so it could be anybody's.
    if (has_scope(claims.scope, auth::email) && user->email && call.service().policy.oauth.unverified_email) {
        answer["email"] = *user->email;
        answer["email_verified"] = false;
    }
    if (has_scope(claims.scope, auth::roles_scope))
        answer["roles"] = boost::json::array(user->roles.begin(), user->roles.end());
    co_return json_reply(200, answer);
}

}  // namespace coatcheck::web
