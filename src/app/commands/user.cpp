// SPDX-License-Identifier: Apache-2.0
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "auth/users/change.hpp"
#include "auth/users/names.hpp"
#include "auth/users/passwords.hpp"
#include "crypto/password_hash.hpp"
#include "token/json.hpp"
#include "web/answers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::app {

namespace json = boost::json;

namespace {

// Each change is KEY=JSON; the value null removes the claim. Names of reserved claims are refused.
std::string merged_claims(const std::string& before, const std::vector<std::string>& changes) {
    json::object claims = json::parse(before).as_object();
    for (const auto& change : changes) {
        const auto sign = change.find('=');
        if (sign == std::string::npos || sign == 0)
            throw Refused("a claim must be KEY=JSON, such as plan='\"pro\"', not " + change);
        const std::string key = change.substr(0, sign);
        auto value = token::parse_value(std::string_view(change).substr(sign + 1));
        if (!value)
            throw Refused("the claim " + key + " is not JSON; a text needs quotes: " + key + "='\"text\"'");
        if (value->is_null()) claims.erase(key);
        else claims[key] = *std::move(value);
    }
    return required(auth::checked_claims(json::serialize(claims)));
}

std::string hash_of(const Node& node, const json::object& request, const std::string& username) {
    if (request.contains("password_hash")) {
        return required(auth::checked_password_hash(text_of(request, "password_hash")));
    }
    const auto password = auth::checked_password(text_of(request, "password"), node.policy().min_password,
                                                 username);
    if (!password) refuse(password.error());
    return crypto::hash_password(*password);
}

std::string user_line(const auth::User& user) {
    std::string line = user.username + "  " + user.id + (user.enabled ? "" : "  disabled");
    if (user.email) line += "  " + *user.email;
    for (const auto& role : user.roles) line += "  " + role;
    return line + "\n";
}

}  // namespace

Reply user_add(Node& node, const json::object& request) {
    auth::User user;
    const auto name = auth::checked_username(text_of(request, "name"));
    if (!name) refuse(name.error());
    user.username = *name;
    if (request.contains("id")) user.id = required(auth::checked_id(text_of(request, "id")));
    if (request.contains("email")) {
        const auto email = auth::checked_email(text_of(request, "email"));
        if (!email) refuse(email.error());
        user.email = *email;
    }
    user.roles = required(auth::checked_roles(list_of(request, "roles")));
    user.claims = merged_claims("{}", list_of(request, "claims"));
    user.password_hash = hash_of(node, request, user.username);
    node.store().run([&](auth::Store& store) {
        auto created = auth::create_user(store, node.policy(), user, operator_here);
        if (!created) refuse(created.error());
        user = *created;
    });
    return {0, "added " + user_line(user), {{"user", web::account_json(user)}}, ""};
}

Reply user_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& user : store.list_users({.limit = most_rows})) {
            rows.push_back(web::account_json(user));
            reply.text += user_line(user);
        }
    });
    reply.json["users"] = std::move(rows);
    return reply;
}

Reply user_set(Node& node, const json::object& request) {
    auth::User user;
    node.store().run([&](auth::Store& store) {
        user = load_user(store, request);
        auth::UserChange change;
        if (request.contains("roles"))
            change.roles = required(auth::checked_roles(list_of(request, "roles")));
        if (request.contains("claims"))
            change.claims = merged_claims(user.claims, list_of(request, "claims"));
        change.sets_email = request.contains("email");
        if (const std::string email = text_of(request, "email"); !email.empty())
            change.email = required(auth::checked_email(email));
        user = required(auth::change_user(store, node.policy(), user.id, change, operator_here));
    });
    return {0, "changed " + user_line(user), {{"user", web::account_json(user)}}, ""};
}

Reply user_disable(Node& node, const json::object& request) {
    return on_user(node, request, "disabled", [&](auto& store, const auto& user) {
        auth::set_enabled(store, node.policy(), user.id, false, operator_here);
    });
}
Reply user_enable(Node& node, const json::object& request) {
    return on_user(node, request, "enabled", [&](auto& store, const auto& user) {
        auth::set_enabled(store, node.policy(), user.id, true, operator_here);
    });
}
Reply user_delete(Node& node, const json::object& request) {
    return on_user(node, request, "deleted", [&](auto& store, const auto& user) {
        auth::delete_user(store, node.policy(), user.id, operator_here);
    });
}

Reply user_password(Node& node, const json::object& request) {
    std::string username;
    node.store().run([&](auth::Store& store) { username = load_user(store, request).username; });
    const std::string hash = hash_of(node, request, username);
    return on_user(node, request, "new password for", [&](auto& store, const auto& user) {
        auth::set_password(store, node.policy(), user.id, std::nullopt, hash, "", operator_here);
    });
}

}  // namespace coatcheck::app
