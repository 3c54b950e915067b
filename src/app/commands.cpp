// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"

#include "auth/keys/tokens.hpp"
#include "auth/sessions/end.hpp"
#include "auth/users/change.hpp"
#include "auth/users/names.hpp"
#include "auth/users/passwords.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "crypto/password_hash.hpp"
#include "token/claims.hpp"
#include "token/json.hpp"
#include "token/refresh_token.hpp"
#include "web/answers.hpp"
#include "web/problem.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

namespace coatcheck::app {
namespace {

namespace json = boost::json;

constexpr std::size_t most_rows = 1000;  // of one listing

// A mistake of whoever typed the command; what() is the sentence to print.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

const auth::Actor operator_here("");  // who types commands has no address

[[noreturn]] void refuse(const base::Denied& denied) {
    std::string text(web::public_reason(denied.reason).title);
    if (!denied.detail.empty())
        text += " (" + (denied.member.empty() ? "" : denied.member + ": ") + denied.detail + ")";
    throw Refused(text);
}

std::string text_of(const json::object& request, std::string_view name) {
    const auto* value = request.if_contains(name);
    return value != nullptr && value->is_string()
               ? std::string(value->get_string().c_str(), value->get_string().size())
               : "";
}

std::vector<std::string> list_of(const json::object& request, std::string_view name) {
    std::vector<std::string> list;
    if (const auto* value = request.if_contains(name); value != nullptr && value->is_array())
        for (const auto& element : value->get_array())
            list.emplace_back(element.as_string().c_str(), element.as_string().size());
    return list;
}

// The value, or the refusal as the command's.
template <class Value>
Value required(base::Result<Value> result) {
    if (!result) refuse(result.error());
    return *std::move(result);
}

// Each claim is KEY=JSON; null takes it away. The names of the protocol's own claims are refused.
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

auth::User load_user(auth::Store& store, const json::object& request) {
    const std::string name = text_of(request, "name");
    auto user = store.find_user_by_login(base::folded(name).value_or(name));
    if (!user) user = store.find_user(name);
    if (!user) throw Refused("there is no user " + name);
    return *user;
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

template <class Change>
Reply change_user(Node& node, const json::object& request, const std::string& done, Change change) {
    std::string name;
    node.store().run([&](auth::Store& store) {
        const auto user = load_user(store, request);
        name = user.username;
        change(store, user);
    });
    return {0, done + " " + name + "\n", {{"username", name}}, ""};
}

Reply user_disable(Node& node, const json::object& request) {
    return change_user(node, request, "disabled", [&](auto& store, const auto& user) {
        auth::set_enabled(store, node.policy(), user.id, false, operator_here);
    });
}
Reply user_enable(Node& node, const json::object& request) {
    return change_user(node, request, "enabled", [&](auto& store, const auto& user) {
        auth::set_enabled(store, node.policy(), user.id, true, operator_here);
    });
}
Reply user_delete(Node& node, const json::object& request) {
    return change_user(node, request, "deleted", [&](auto& store, const auto& user) {
        auth::delete_user(store, node.policy(), user.id, operator_here);
    });
}

Reply user_password(Node& node, const json::object& request) {
    std::string username;
    node.store().run([&](auth::Store& store) { username = load_user(store, request).username; });
    const std::string hash = hash_of(node, request, username);
    return change_user(node, request, "new password for", [&](auto& store, const auto& user) {
        auth::set_password(store, node.policy(), user.id, std::nullopt, hash, "", operator_here);
    });
}

Reply session_list(Node& node, const json::object& request) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        auto sessions = store.page_of_sessions({most_rows, request.contains("name")
                                                               ? std::optional(load_user(store, request).id)
                                                               : std::nullopt});
        std::sort(sessions.begin(), sessions.end(),
                  [](const auto& a, const auto& b) { return a.last_used > b.last_used; });
        for (const auto& session : sessions) {
            const auto user = store.find_user(session.user);
            json::object row = web::session_json(session, "");
            row.erase("current");
            row["user_id"] = session.user;
            row["username"] = user ? user->username : "";
            rows.push_back(row);
            reply.text += session.id + "  " + (user ? user->username : session.user) + "  " +
                          std::string(auth::name_of(session.delivery)) + "  last used " +
                          base::readable(session.last_used) + "  from " + session.address + "  " +
                          session.device + "\n";
        }
    });
    reply.json["sessions"] = std::move(rows);
    return reply;
}

Reply session_end(Node& node, const json::object& request) {
    const std::string id = text_of(request, "id");
    if (id.empty())
        return change_user(node, request, "ended all sessions of", [&](auto& store, const auto& user) {
            auth::end_sessions(store, node.policy(), user.id, "", "session_ended_by_operator", operator_here);
        });
    node.store().run([&](auth::Store& store) {
        if (!auth::end_session(store, id, "session_ended_by_operator", operator_here))
            throw Refused("there is no live session " + id);
    });
    return {0, "ended " + id + "\n", {{"session", id}}, ""};
}

Reply key_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        constexpr std::string_view states[] = {"next", "current", "retired"};
        for (const auto& key : store.load_keys()) {
            if (key.algorithm == auth::mac_algorithm) continue;
            const auto state = states[static_cast<int>(key.state)];
            rows.push_back({{"kid", key.id},
                            {"algorithm", key.algorithm},
                            {"state", state},
                            {"created_at", base::unix_seconds(key.created)},
                            {"since", base::unix_seconds(key.state_since)}});
            reply.text.append(key.id).append("  ").append(key.algorithm).append("  ").append(state);
            reply.text.append("  since ").append(base::readable(key.state_since)).append("\n");
        }
    });
    reply.json["keys"] = std::move(rows);
    return reply;
}

Reply key_rotate(Node& node, const json::object& request) {
    node.store().run(
        [&](auth::Store& store) { auth::rotate_keys(store, node.sealing_key(), node.algorithm()); });
    return key_list(node, request);
}

Reply key_revoke(Node& node, const json::object& request) {
    const std::string id = text_of(request, "kid");
    node.store().run([&](auth::Store& store) {
        if (!auth::revoke_key(store, node.sealing_key(), id, node.algorithm()))
            throw Refused("there is no key " + id);
    });
    return key_list(node, request);
}

Reply key_reseal(Node& node, const json::object& request) {
    const std::string file = text_of(request, "file");
    node.reseal_keys(file);
    return {0,
            "the keys in the database are now sealed with " + file +
                ": set store.sealing_key_file to it on every node, and destroy the old file\n",
            {{"sealing_key_file", file}},
            ""};
}

Reply service_key_add(Node& node, const json::object& request) {
    const auto name = auth::checked_username(text_of(request, "name"));
    if (!name) refuse(name.error());
    std::vector<auth::Scope> scopes;
    for (const auto& text : list_of(request, "scopes")) {
        const auto scope = auth::scope_named(text);
        if (!scope) throw Refused("there is no scope " + text + ": use feed, users or introspect");
        scopes.push_back(*scope);
    }
    if (scopes.empty()) throw Refused("a service key needs a --scope: feed, users or introspect");
    auth::MintedServiceKey minted;
    node.store().run([&](auth::Store& store) {
        minted = auth::mint_service_key(*name, scopes, store.now());
        if (!store.insert_service_key(minted.row)) throw Refused("there is already a service key " + *name);
        store.append_audit({store.now(), "service_key_added", "", "", "", *name});
    });
    return {0, minted.text + "\n", {{"name", *name}, {"key", minted.text}}, ""};
}

Reply service_key_list(Node& node, const json::object&) {
    Reply reply;
    json::array rows;
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& key : store.list_service_keys()) {
            json::array scopes;
            reply.text += key.name;
            for (const auto scope : key.scopes) {
                scopes.emplace_back(auth::name_of(scope));
                reply.text.append("  ").append(auth::name_of(scope));
            }
            reply.text += "  since " + base::readable(key.created) + "\n";
            rows.push_back({{"name", key.name},
                            {"scopes", std::move(scopes)},
                            {"created_at", base::unix_seconds(key.created)}});
        }
    });
    reply.json["service_keys"] = std::move(rows);
    return reply;
}

Reply service_key_end(Node& node, const json::object& request) {
    const std::string name = text_of(request, "name");
    node.store().run([&](auth::Store& store) {
        if (!store.delete_service_key(name)) throw Refused("there is no service key " + name);
        store.append_audit({store.now(), "service_key_ended", "", "", "", name});
    });
    return {0, "ended " + name + "\n", {{"name", name}}, ""};
}

Reply audit_list(Node& node, const json::object& request) {
    Reply reply;
    json::array rows;
    const auto* limit = request.if_contains("limit");
    node.store().run([&](auth::Store& store) {
        reply = {}, rows = {};
        for (const auto& event : store.list_audit(limit ? limit->to_number<std::size_t>() : 100)) {
            rows.push_back({{"time", base::unix_seconds(event.time)},
                            {"event", event.event},
                            {"user_id", event.user},
                            {"session", event.session},
                            {"address", event.address},
                            {"detail", event.detail}});
            reply.text += base::readable(event.time) + "  " + event.event + "  user " + event.user +
                          "  session " + event.session + "  from " + event.address + "  " + event.detail +
                          "\n";
        }
    });
    reply.json["events"] = std::move(rows);
    return reply;
}

// PostgreSQL cannot tell a restored copy, as our file of SQLite's can: whoever restores it says so.
Reply store_restored(Node& node, const json::object&) {
    node.store().run([&](auth::Store& store) {
        store.revive_nothing();
        auth::ensure_keys(store, node.sealing_key(), node.algorithm(), node.policy().access_ttl);
    });
    // Tokens are told apart by the second of their issue: none may be issued in the one that was just closed.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return {0, "every session has been ended, and the signing keys are new\n", {{"ended", true}}, ""};
}

Reply token_inspect(Node& node, const json::object& request) {
    return inspect_token(text_of(request, "token"), &node, base::read_clock());
}

Reply token_verify(Node& node, const json::object& request) {
    verify::Verifier verifier(auth::verification_of(node.policy()), node.keys(), node.revocations());
    const auto proof = verifier.check(text_of(request, "token"), base::read_clock());
    if (proof)
        return {0, "The token is valid.\n", {{"valid", true}, {"user_id", (*proof)->claims->subject}}, ""};
    const auto reason = web::public_reason(proof.error().reason);
    return {1,
            "",
            {{"valid", false}, {"code", reason.code}},
            std::string(reason.code) + ": " + std::string(reason.title)};
}

struct Row {
    std::string_view command;
    Reply (*run)(Node&, const json::object&);
};
constexpr Row rows[] = {
    {"user add", user_add},
    {"user list", user_list},
    {"user set", user_set},
    {"user disable", user_disable},
    {"user enable", user_enable},
    {"user delete", user_delete},
    {"user password", user_password},
    {"session list", session_list},
    {"session end", session_end},
    {"key list", key_list},
    {"key rotate", key_rotate},
    {"key revoke", key_revoke},
    {"key reseal", key_reseal},
    {"service-key add", service_key_add},
    {"service-key list", service_key_list},
    {"service-key end", service_key_end},
    {"store restored", store_restored},
    {"audit list", audit_list},
    {"token inspect", token_inspect},
    {"token verify", token_verify},
};

}  // namespace

Reply execute(Node& node, const json::object& request) {
    const std::string command = text_of(request, "command");
    for (const Row& row : rows) {
        if (row.command != command) continue;
        try {
            return row.run(node, request);
        } catch (const Refused& refused) {
            return {1, "", {{"error", refused.what()}}, refused.what()};
        } catch (const std::exception& failure) {
            return {1, "", {{"error", failure.what()}}, std::string("the command failed: ") + failure.what()};
        }
    }
    return {2, "", {{"error", "unknown command"}}, "there is no command " + command};
}

namespace {

std::string span_in_words(base::Duration span) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(span).count();
    const auto words = [](std::int64_t number, const char* unit) {
        return std::to_string(number) + " " + unit + (number == 1 ? "" : "s");
    };
    if (seconds < 120) return words(seconds, "second");
    if (seconds < 7200) return words(seconds / 60, "minute");
    if (seconds < 172800) return words(seconds / 3600, "hour");
    return words(seconds / 86400, "day");
}

std::string time_in_words(const char* what, base::Timestamp then, base::Timestamp now) {
    return std::string(what) + " " + base::readable(then) +
           (then <= now ? ", " + span_in_words(now - then) + " ago" : ", in " + span_in_words(then - now)) +
           "\n";
}

}  // namespace

Reply inspect_token(const std::string& token, const Node* node, base::Timestamp now) {
    if (token.starts_with(token::refresh_prefix))
        return {
            1, "", {}, "This is a refresh token of Coatcheck. It is opaque: only the server can read it."};
    std::string jwt = token;
    if (token::is_encrypted(token)) {
        const auto keys = node == nullptr ? nullptr : node->policy().encryption;
        auto inner = keys ? token::decrypt(token, *keys)
                          : base::Result<std::string>(base::Denied{base::Reason::token_not_ours});
        if (!inner)
            return {1,
                    "",
                    {{"error", "encrypted"}},
                    "This is an encrypted token (JWE), and no key of this server decrypts it."};
        jwt = *std::move(inner);
    }
    const auto parts = token::parse_compact(jwt);
    if (!parts)
        return {1,
                "",
                {{"error", parts.error().detail}},
                "This is not a token in canonical form: " + parts.error().detail};
    const std::string header = parts->header->json;
    Reply reply;
    if (jwt != token) reply.text = "encrypted; decrypted with a key of this server\n";
    reply.text += "header  " + header + "\nclaims  " + parts->claims_json + "\n";
    reply.json = {{"header", json::parse(header)}, {"claims", json::parse(parts->claims_json)}};
    if (const auto claims = token::parse_claims(parts->claims_json)) {
        reply.text += time_in_words("issued ", claims->issued, now) +
                      time_in_words(claims->expires <= now ? "expired" : "expires", claims->expires, now);
        reply.json["expired"] = claims->expires <= now;
    } else {
        reply.text += "not an access token of Coatcheck: " + claims.error().detail + "\n";
    }
    if (node == nullptr) {
        reply.text += "not verified: there is no data directory with keys\n";
        return reply;
    }
    verify::Verifier verifier(auth::verification_of(node->policy()), node->keys(), node->revocations());
    const auto proof = verifier.check(token, now);
    reply.json["valid"] = proof.has_value();
    if (!proof) reply.json["code"] = web::public_reason(proof.error().reason).code;
    reply.text += proof ? "valid: this server accepts it\n"
                        : "not valid: " + std::string(web::public_reason(proof.error().reason).code) + ", " +
                              std::string(web::public_reason(proof.error().reason).title) + "\n";
    return reply;
}

}  // namespace coatcheck::app
