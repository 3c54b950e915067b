// SPDX-License-Identifier: Apache-2.0
// Users and their sessions, for the application's own back end: a service key with the scope `users`.
#include "auth/accounts.hpp"
#include "auth/sessions.hpp"
#include "base/bytes.hpp"
#include "base/text.hpp"
#include "crypto/password_hash.hpp"
#include "web/answers.hpp"
#include "web/credentials.hpp"
#include "web/forms.hpp"
#include "web/handlers.hpp"
#include "web/problem.hpp"
#include "web/steps.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;
namespace json = boost::json;

constexpr std::size_t usual_page = 100, largest_page = 1000;

// Who asks, by the name of the service key; nothing: it was refused.
std::optional<auth::Actor> manager(Context& context, const Request& request, Response& response) {
    auto name = check_service_key(context.service, request, auth::Scope::users);
    if (name) return auth::Actor(request.address, *std::move(name));
    write_problem(response, name.error());
    return std::nullopt;
}

// What a query asks for; a parameter that is not known is refused, for it would be missed.
struct Query {
    std::size_t limit = usual_page;
    std::string after, search;
    std::optional<std::string> user;
};

Denied malformed(const char* why) { return Denied{Reason::malformed_request, {}, why}; }

Result<Query> parse_query(std::string_view rest, std::initializer_list<std::string_view> known) {
    Query query;
    std::set<std::string_view> seen;
    while (!rest.empty()) {
        const std::string_view field = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(field.size() + 1, rest.size()));
        const auto equals = std::min(field.find('='), field.size());
        const std::string_view name = field.substr(0, equals);
        const auto value = base::from_form(field.substr(std::min(equals + 1, field.size())));
        if (std::find(known.begin(), known.end(), name) == known.end())
            return malformed("the query has a parameter that is not known here");
        if (!seen.insert(name).second) return malformed("the query has a parameter twice");
        if (!value || !base::folded(*value)) return malformed("the query is not percent-encoded UTF-8");
        if (name == "user") query.user = *value;
        if (name == "after") query.after = *value;
        if (name == "search") query.search = *value;
        if (name == "limit") {
            const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(),
                                                      query.limit);
            if (error != std::errc() || end != value->data() + value->size() || query.limit == 0 ||
                query.limit > largest_page)
                return malformed("limit is a number from 1 to 1000");
        }
    }
    return query;
}

void write_account(Response& response, unsigned status, const auth::User& user) {
    write_json(response, status, json::serialize(json::object{{"user", account_json(user)}}));
}

// The user that a path names; its id may have been imported, and hold whatever bytes.
std::string named(const Request& request) { return base::percent_decode(request.argument).value_or(""); }

// The hash to store: of the password, which takes its time, or the imported one; empty where neither is
// given.
boost::asio::awaitable<Result<std::string>> hash_of(Service& service, const ManagedUserForm& form,
                                                    const std::string& username) {
    if (form.password_hash) co_return *form.password_hash;
    if (!form.password) co_return std::string();
    auto checked = auth::checked_password(form.password->reveal(), service.policy.min_password, username);
    if (!checked) co_return checked.error();
    const base::Secret password(*std::move(checked));
    std::string hash;
    co_await in_hashing_pool(service, [&] { hash = crypto::hash_password(password.reveal()); });
    co_return hash;
}

}  // namespace

Waits list_managed_users(Context& context, const Request& request, Response& response) {
    if (!manager(context, request, response)) co_return;
    const auto query = parse_query(request.query, {"limit", "after", "search"});
    if (!query) co_return write_problem(response, query.error());
    const auth::UserPage page{query->limit, base::folded(query->after).value_or(""),
                              base::folded(query->search).value_or("")};
    std::vector<auth::User> users;
    co_await from_store(context.service, [&](auth::Store& store) { users = store.list_users(page); });
    json::array rows;
    for (const auto& user : users) rows.push_back(account_json(user));
    // A full page may be the last one: then the next is empty.
    const bool more = users.size() == page.limit;
    write_json(response, 200,
               json::serialize(
                   json::object{{"users", std::move(rows)},
                                {"next", more ? json::value(users.back().username) : json::value(nullptr)}}));
}

Waits create_managed_user(Context& context, const Request& request, Response& response) {
    const auto by = manager(context, request, response);
    if (!by) co_return;
    Service& service = context.service;
    const auto form = parse_new_user(request);
    if (!form) co_return write_problem(response, form.error());
    auth::User user;
    user.id = form->id.value_or("");
    user.username = *form->username;
    user.email = form->email;
    user.enabled = form->enabled.value_or(true);
    user.roles = form->roles.value_or(std::vector<std::string>());
    user.claims = form->claims.value_or("{}");
    // Without a password nobody signs in until one is set.
    auto hash = co_await hash_of(service, *form, user.username);
    if (!hash) co_return write_problem(response, hash.error());
    user.password_hash = hash->empty() ? crypto::unmatchable_hash() : *std::move(hash);
    Result<auth::User> created = Denied{Reason::internal_error};
    co_await in_store(service, [&](auth::Store& store) {
        if (!user.id.empty() && store.find_user(user.id)) created = Denied{Reason::id_taken, {}, "", "id"};
        else created = auth::create_user(store, context.service.policy, user, *by);
    });
    if (!created) co_return write_problem(response, created.error());
    write_account(response, 201, *created);
}

Waits show_managed_user(Context& context, const Request& request, Response& response) {
    if (!manager(context, request, response)) co_return;
    std::optional<auth::User> user;
    co_await from_store(context.service, [&](auth::Store& store) { user = store.find_user(named(request)); });
    if (!user) co_return write_problem(response, {Reason::not_found});
    write_account(response, 200, *user);
}

Waits change_managed_user(Context& context, const Request& request, Response& response) {
    const auto by = manager(context, request, response);
    if (!by) co_return;
    Service& service = context.service;
    const auto form = parse_user_change(request);
    if (!form) co_return write_problem(response, form.error());
    const std::string id = named(request);
    std::optional<auth::User> user;
    co_await from_store(service, [&](auth::Store& store) { user = store.find_user(id); });
    if (!user) co_return write_problem(response, {Reason::not_found});
    const auto hash = co_await hash_of(service, *form, user->username);
    if (!hash) co_return write_problem(response, hash.error());

    std::optional<Denied> refused;
    co_await in_store(service, [&](auth::Store& store) {
        refused.reset();
        // The address first: it alone can be refused, and then nothing has changed.
        if (form->email || form->takes_email_away) {
            if (const auto changed = auth::set_email(store, id, form->email, *by); !changed) {
                refused = changed.error();
                return;
            }
        }
        if (form->roles || form->claims)
            auth::set_attributes(store, service.policy, id, form->roles, form->claims, *by);
        if (!hash->empty())
            auth::set_password(store, context.service.policy, id, std::nullopt, *hash, "", *by);
        if (form->enabled) auth::set_enabled(store, context.service.policy, id, *form->enabled, *by);
        user = store.find_user(id);
    });
    if (refused && refused->reason != Reason::session_ended) co_return write_problem(response, *refused);
    if (refused || !user) co_return write_problem(response, {Reason::not_found});  // deleted meanwhile
    write_account(response, 200, *user);
}

Waits delete_managed_user(Context& context, const Request& request, Response& response) {
    const auto by = manager(context, request, response);
    if (!by) co_return;
    bool deleted = false;
    co_await in_store(context.service, [&](auth::Store& store) {
        deleted = auth::delete_user(store, context.service.policy, named(request), *by);
    });
    if (!deleted) co_return write_problem(response, {Reason::not_found});
    response.status = 204;
}

Waits list_managed_sessions(Context& context, const Request& request, Response& response) {
    if (!manager(context, request, response)) co_return;
    const auto query = parse_query(request.query, {"user", "limit", "after"});
    if (!query) co_return write_problem(response, query.error());
    const auth::SessionPage page{query->limit, query->user, query->after};
    std::vector<auth::Session> sessions;
    co_await from_store(context.service,
                        [&](auth::Store& store) { sessions = store.page_of_sessions(page); });
    json::array rows;
    for (const auto& session : sessions) {
        json::object row = session_json(session, "");
        row.erase("current");
        row["user_id"] = session.user;
        rows.push_back(std::move(row));
    }
    const bool more = sessions.size() == page.limit;
    const json::value next = more ? json::value(sessions.back().id) : json::value(nullptr);
    write_json(response, 200, json::serialize(json::object{{"sessions", std::move(rows)}, {"next", next}}));
}

Waits end_managed_sessions(Context& context, const Request& request, Response& response) {
    const auto by = manager(context, request, response);
    if (!by) co_return;
    const auto query = parse_query(request.query, {"user"});
    if (!query) co_return write_problem(response, query.error());
    if (!query->user)
        co_return write_problem(response, {Reason::malformed_request, {}, "whose sessions: ?user=ID"});
    bool known = false;
    co_await in_store(context.service, [&](auth::Store& store) {
        known = store.find_user(*query->user).has_value();
        if (known) auth::end_sessions(store, context.service.policy, *query->user, "", "session_ended", *by);
    });
    if (!known) co_return write_problem(response, {Reason::not_found});
    response.status = 204;
}

Waits end_managed_session(Context& context, const Request& request, Response& response) {
    const auto by = manager(context, request, response);
    if (!by) co_return;
    bool ended = false;
    co_await in_store(context.service, [&](auth::Store& store) {
        ended = auth::end_session(store, std::string(request.argument), "session_ended", *by);
    });
    if (!ended) co_return write_problem(response, {Reason::not_found});
    response.status = 204;
}

}  // namespace coatcheck::web
