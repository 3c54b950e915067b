// SPDX-License-Identifier: Apache-2.0
#include "web/oauth/authorization_request.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "http/query.hpp"
#include "web/oauth/token_request.hpp"

#include <algorithm>
#include <map>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

// The fields of the query, decoded. A repeated one is noted, because each counts once (RFC 6749 §3.1);
// resource may come several times and is read elsewhere. One without a value counts as absent.
class Fields {
public:
    explicit Fields(std::string_view query) {
        http::each_field(query, [&](std::string_view key, std::string_view encoded) {
            const auto name = base::from_form(key), value = base::from_form(encoded);
            if (!name || *name == "resource") return;
            if (!value || !base::nfc(*value)) broken_ = *name;
            else if (!value->empty() && !values_.emplace(*name, *value).second) repeated_.push_back(*name);
        });
    }
    const std::string& operator[](std::string_view name) const {
        static const std::string none;
        const auto row = values_.find(name);
        return row == values_.end() ? none : row->second;
    }
    bool has(std::string_view name) const { return values_.contains(name); }
    bool repeats(std::string_view name) const {
        return std::find(repeated_.begin(), repeated_.end(), name) != repeated_.end();
    }
    const std::vector<std::string>& repeated() const { return repeated_; }
    const std::string& broken() const { return broken_; }

private:
    std::map<std::string, std::string, std::less<>> values_;
    std::vector<std::string> repeated_;
    std::string broken_;
};

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// Reads prompt (OpenID Connect Core §3.1.2.1). False: a value is unknown, or none comes with another.
bool read_prompt(std::string_view text, AuthorizationRequest& request) {
    const auto words = words_of_scope(text);
    if (!words) return false;
    for (const auto& word : *words) {
        if (word == "none") request.asks_nothing = true;
        else if (word == "login" || word == "select_account") request.asks_sign_in = true;
        else if (word == "consent") request.asks_consent = true;
        else return false;
    }
    return !request.asks_nothing || words->size() == 1;
}

// BASE64URL(SHA-256(...)) has 43 characters (RFC 7636 §4.2).
bool is_challenge(std::string_view text) {
    return text.size() == 43 && base::from_base64url(text).has_value();
}

std::optional<AuthorizationError> read_rest(const auth::Policy& policy, const Fields& fields,
                                            std::string_view query, AuthorizationRequest& request) {
    const auto invalid = [](std::string why) {
        return AuthorizationError{"invalid_request", std::move(why)};
    };
    constexpr std::size_t most_nonce_bytes = 1024, most_state_bytes = 4096;
    if (!fields.repeated().empty()) return invalid(fields.repeated().front() + " occurs twice");
    if (!fields.broken().empty()) return invalid(fields.broken() + " is not percent-encoded UTF-8");
    if (request.state.size() > most_state_bytes) return invalid("state is longer than 4096 bytes");
    const auto& mode = fields["response_mode"];
    if (mode != "" && mode != "query" && mode != "form_post")
        return invalid("response_mode is query or form_post");
    request.form_post = mode == "form_post";
    if (fields.has("request"))
        return AuthorizationError{"request_not_supported", "request objects are not accepted"};
    if (fields.has("request_uri"))
        return AuthorizationError{"request_uri_not_supported", "request_uri is not accepted"};
    if (fields.has("registration")) return AuthorizationError{"registration_not_supported", ""};
    if (!fields.has("response_type")) return invalid("response_type is missing: use code");
    if (fields["response_type"] != "code")
        return AuthorizationError{"unsupported_response_type", "the only response_type is code"};
    if (!request.client->may(auth::GrantType::authorization_code))
        return AuthorizationError{"unauthorized_client",
                                  "this client may not use the grant authorization_code"};
    if (fields["code_challenge_method"] != "S256" || !is_challenge(fields["code_challenge"]))
        return invalid("PKCE is required: code_challenge with code_challenge_method=S256 (RFC 7636)");
    request.challenge = fields["code_challenge"];
    request.nonce = fields["nonce"];
    if (request.nonce.size() > most_nonce_bytes) return invalid("nonce is longer than 1024 bytes");
    request.login_hint = fields["login_hint"];
    request.id_token_hint = fields["id_token_hint"];
    if (!read_prompt(fields["prompt"], request))
        return invalid("prompt is none, or one or several of login, consent, select_account");
    if (fields.has("max_age")) {
        const auto age = base::parse_number<std::int64_t>(fields["max_age"], 0, 1'000'000'000);
        if (!age) return invalid("max_age is a number of seconds");
        request.max_age = *age;
    }
    auto resources = resources_in(query);
    if (!resources)
        return AuthorizationError{"invalid_target", "resource is an absolute URI without a fragment"};
    request.resources = *std::move(resources);
    for (const auto& resource : request.resources)
        if (!auth::may_use(policy, *request.client, resource))
            return AuthorizationError{"invalid_target", "this client cannot have tokens for " + resource};
    // A default that is a resource is agreed to by its name.
    if (request.resources.empty() && auth::find_resource(policy, request.client->default_resource) != nullptr)
        request.resources.push_back(request.client->default_resource);
    std::optional<std::vector<std::string>> asked;
    if (fields.has("scope")) {
        asked = words_of_scope(fields["scope"]);
        if (!asked) return AuthorizationError{"invalid_scope", "scope is a list of words"};
    }
    request.scope = granted_scope(policy, *request.client, asked, request.resources);
    if (request.scope.empty())
        return AuthorizationError{"invalid_scope",
                                  "the client cannot have any of these scopes: those of an API need its "
                                  "resource, or a client with a "
                                  "default resource"};
    return std::nullopt;
}

}  // namespace

std::vector<std::string> granted_scope(const auth::Policy& policy, const auth::Client& client,
                                       const std::optional<std::vector<std::string>>& asked,
                                       const std::vector<std::string>& resources) {
    const auto allowed = auth::scopes_within(policy, client, auth::scopes_for(policy, client), resources);
    std::vector<std::string> granted;
    const auto take = [&](const std::string& scope) {
        if (contains(allowed, scope) && !contains(granted, scope)) granted.push_back(scope);
    };
    if (asked && !asked->empty()) {
        std::for_each(asked->begin(), asked->end(), take);
        return granted;
    }
    for (const auto& uri : resources)
        if (const auto* resource = auth::find_resource(policy, uri))
            std::for_each(resource->default_scopes.begin(), resource->default_scopes.end(), take);
    if (granted.empty()) take(std::string(auth::openid));
    return granted;
}

Result<AuthorizationRequest> parse_authorization_request(const auth::Policy& policy,
                                                         const auth::Clients& clients,
                                                         std::string_view query) {
    const auto refused = [](std::string detail) {
        return Denied{Reason::invalid_authorization_request, {}, std::move(detail)};
    };
    if (query.size() > most_query_bytes) return refused("the request is longer than 12 KiB");
    const Fields fields(query);
    for (const std::string_view name : {"client_id", "redirect_uri"}) {
        if (fields.repeats(name)) return refused(std::string(name) + " occurs twice");
        if (!fields.has(name)) return refused(std::string(name) + " is missing");
    }
    AuthorizationRequest request;
    request.client = clients.find(fields["client_id"]);
    if (request.client == nullptr || !request.client->enabled)
        return refused("there is no client with this client_id, or it is disabled");
    request.redirect_uri = fields["redirect_uri"];
    if (!auth::redirect_uri_matches(*request.client, request.redirect_uri))
        return refused("redirect_uri is none of those that are registered for " + request.client->name);
    request.state = fields["state"];
    request.error = read_rest(policy, fields, query, request);
    return request;
}

}  // namespace coatcheck::web
