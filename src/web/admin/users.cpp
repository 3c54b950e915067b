// SPDX-License-Identifier: Apache-2.0
// Manages users, for services.
#include "auth/users/change.hpp"
#include "auth/users/passwords.hpp"
#include "base/bytes.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "crypto/password_hash.hpp"
#include "http/query.hpp"
#include "web/answers.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

#include <boost/json/array.hpp>

namespace coatcheck::web {
namespace {

using base::Reason;
using base::Result;
namespace json = boost::json;

constexpr std::size_t usual_page = 100, largest_page = 1000;

Reply account_reply(unsigned status, const auth::User& user) {
    return json_reply(status, {{"user", account_json(user)}});
}

// The user id in the path. An imported id may contain any visible ASCII, so it comes percent-encoded.
std::string named_id(const Call& call) { return base::percent_decode(call.argument).value_or(""); }

// The hash to store: computed from the password, or the imported one; empty if the form has neither.
asio::awaitable<Result<std::string>> hash_of(Call& call, const ManagedUserForm& form,
                                             const std::string& username) {
    if (form.password_hash) co_return *form.password_hash;
    if (!form.password) co_return std::string();
    auto checked = auth::checked_password(form.password->reveal(), call.service().policy.min_password,
                                          username);
    if (!checked) co_return checked.error();
    const base::Secret password(*std::move(checked));
    std::string hash;
    co_await in_hashing_pool(call.service(), "user", call.actor(),
                             [&] { hash = crypto::hash_password(password.reveal()); });
    co_return hash;
}

}  // namespace

Answer list_managed_users(Call& call) {
    const auto query = http::Query::parse(call.request.query, {"limit", "after", "search"});
    if (!query) co_return query.error();
    const auto limit = query->number("limit", usual_page, 1, largest_page);
    if (!limit) co_return limit.error();
    const auth::UserPage page{*limit, base::folded(query->text("after")).value_or(""),
                              base::folded(query->text("search")).value_or("")};
    const auto users = co_await from_store(call.service(), &auth::ReadStore::list_users, page);
    json::array rows;
    for (const auto& user : users) rows.push_back(account_json(user));
    // A full page may be the last one: then the next page is empty.
    const bool more = users.size() == page.limit;
    const json::value next = more ? json::value(users.back().username) : json::value(nullptr);
    co_return json_reply(200, {{"users", std::move(rows)}, {"next", next}});
}

Answer create_managed_user(Call& call, ManagedUserForm form) {
    Service& service = call.service();
    auth::User user;
    user.id = form.id.value_or("");
    user.username = *form.username;
    user.email = form.email;
    user.enabled = form.enabled.value_or(true);
    user.roles = form.roles.value_or(std::vector<std::string>());
    user.claims = form.claims.value_or("{}");
    auto hash = co_await hash_of(call, form, user.username);
    if (!hash) co_return hash.error();
    // A user without a password cannot sign in until one is set.
    user.password_hash = hash->empty() ? crypto::unmatchable_hash() : *std::move(hash);
    const auto actor = call.actor();
    const auto created = co_await in_store(service, auth::create_user, service.policy, user, actor);
    if (!created) co_return created.error();
    co_return account_reply(201, *created);
}

Answer show_managed_user(Call& call) {
    const std::string id = named_id(call);
    const auto user = co_await from_store(call.service(), &auth::ReadStore::find_user, id);
    if (!user) co_return Reason::not_found;
    co_return account_reply(200, *user);
}

Answer change_managed_user(Call& call, ManagedUserForm form) {
    Service& service = call.service();
    const std::string id = named_id(call);
    const auto before = co_await from_store(service, &auth::ReadStore::find_user, id);
    if (!before) co_return Reason::not_found;
    const auto hash = co_await hash_of(call, form, before->username);
    if (!hash) co_return hash.error();
    auth::UserChange change;
    change.sets_email = form.email || form.removes_email;
    change.email = form.email;
    change.roles = form.roles;
    change.claims = form.claims;
    if (!hash->empty()) change.password_hash = *hash;
    change.enabled = form.enabled;
    const auto actor = call.actor();
    const auto user = co_await in_store(service, auth::change_user, service.policy, id, change, actor);
    if (!user) co_return user.error();
    co_return account_reply(200, *user);
}

Answer delete_managed_user(Call& call) {
    Service& service = call.service();
    const std::string id = named_id(call);
    const auto actor = call.actor();
    if (!co_await in_store(service, auth::delete_user, service.policy, id, actor))
        co_return Reason::not_found;
    co_return no_content();
}

}  // namespace coatcheck::web
