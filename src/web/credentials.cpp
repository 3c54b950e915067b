// SPDX-License-Identifier: Apache-2.0
#include "web/credentials.hpp"

#include "base/bytes.hpp"
#include "web/cross_site.hpp"
#include "web/problem.hpp"

#include <boost/beast/core/string.hpp>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

const Denied conflict{Reason::credential_conflict, {}, "two different tokens came with one request"};

// The token of one Authorization field; empty if it is of another scheme.
std::string_view token_of(std::string_view value, bool bare_allowed) {
    constexpr std::string_view scheme = "Bearer ";
    const auto space = value.find(' ');
    if (space == std::string_view::npos) {
        if (boost::beast::iequals({value.data(), value.size()}, "bearer")) return "-";  // a scheme without a token: malformed
        return bare_allowed ? value : std::string_view();
    }
    if (!boost::beast::iequals({value.data(), space}, "bearer")) return {};
    return value.substr(scheme.size());
}

// Name and secret of HTTP Basic, each form-encoded (RFC 7617 §2, RFC 6749 §2.3.1).
std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view value) {
    constexpr std::string_view scheme = "Basic ";
    if (value.size() <= scheme.size() || !boost::beast::iequals({value.data(), scheme.size()}, {scheme.data(), scheme.size()})) return std::nullopt;
    const auto pair = base::from_base64(value.substr(scheme.size()));
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    const std::string_view text = *pair;
    const auto name = base::from_form(text.substr(0, colon)), secret = base::from_form(text.substr(colon + 1));
    if (!name || !secret) return std::nullopt;
    return std::pair{*name, *secret};
}

bool takes(const Settings& settings, Dialect dialect, base::Timestamp now) {
    const auto& until = settings.dialects[static_cast<std::size_t>(dialect)];
    return until && now < *until;
}

// For a client whose way has come to its end: that it has.
std::string retired(const Settings& settings, const Request& request) {
    const auto is_over = [&](Dialect dialect) { return settings.dialects[static_cast<std::size_t>(dialect)] && !takes(settings, dialect, request.now); };
    if (is_over(Dialect::x_token) && request.fields->count("X-TOKEN") > 0) return "X-TOKEN is no longer taken here: send Authorization: Bearer";
    if (is_over(Dialect::bare_authorization) && request.fields->count(http::field::authorization) > 0) return "a token without Bearer before it is no longer taken here";
    return "";
}

Result<Credential> joined(std::string_view first, Result<std::string_view> cookie) {
    if (!cookie) return cookie.error();
    if (first.empty()) return Credential{*cookie, true};
    if (!cookie->empty() && *cookie != first) return conflict;
    return Credential{first, false};
}

}  // namespace

base::Result<std::string> check_service_key(const Service& service, const Request& request, auth::Scope scope) {
    const std::string_view value = request.field(http::field::authorization);
    if (const auto basic = basic_credentials(value)) {
        const auto name = service.service_keys.check(basic->second, scope);
        if (name && *name != basic->first) return Denied{Reason::service_key_unknown};
        return name;
    }
    const std::string_view text = token_of(value, false);
    if (text.empty()) return Denied{Reason::service_key_missing};
    return service.service_keys.check(text, scope);
}

Result<Credential> find_access_token(Service& service, const Request& request) {
    const Settings& settings = service.settings;
    std::string_view in_header, user;
    bool differ = false;
    const auto take = [&](std::string_view token) {
        if (!in_header.empty() && in_header != token) differ = true;
        in_header = token;
    };
    const auto count = [&](Dialect dialect) { service.dialect_uses[static_cast<std::size_t>(dialect)].fetch_add(1, std::memory_order_relaxed); };
    const bool bare_allowed = takes(settings, Dialect::bare_authorization, request.now);
    request.each(http::field::authorization, [&](std::string_view value) {
        const std::string_view token = token_of(value, bare_allowed);
        if (token.empty()) return;
        if (value.find(' ') == std::string_view::npos && token == value) count(Dialect::bare_authorization);
        take(token);
    });
    if (takes(settings, Dialect::x_token, request.now) && request.fields->count("X-TOKEN") > 0) {
        if (request.fields->count("X-TOKEN") != 1 || request.fields->count("X-USER") != 1 || request.field("X-USER").empty())
            return Denied{Reason::credential_conflict, {}, "X-TOKEN and X-USER go together, once each"};
        count(Dialect::x_token);
        take(request.field("X-TOKEN").empty() ? "-" : request.field("X-TOKEN"));
        user = request.field("X-USER");
    }
    if (differ) return conflict;
    auto credential = joined(in_header, find_cookie(request, CookieKind::access, settings.dev));
    if (credential) credential->user = user;
    return credential;
}

Result<Credential> find_refresh_token(const Request& request, const Settings& settings, std::string_view in_body) {
    return joined(in_body, find_cookie(request, CookieKind::refresh, settings.dev));
}

Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method) {
    const auto& settings = context.service.settings;
    const auto credential = find_access_token(context.service, request);
    if (!credential) return credential.error();
    if (credential->token.empty()) return Denied{Reason::token_missing, {}, retired(settings, request)};
    if (credential->by_cookie && !is_safe_method(method) && !site_is_allowed(request, settings, Proof::always))
        return Denied{Reason::csrf_refused};
    auto proof = context.verifier.check(credential->token, request.now);
    if (proof && !credential->is_of(*(*proof)->claims)) return Denied{Reason::token_not_ours, {}, "X-USER is not whose token this is"};
    return proof;
}

std::optional<token::AccessClaims> signed_in(Context& context, const Request& request, Response& response) {
    const auto method = http::to_string(request.method);
    const auto proof = authenticate(context, request, {method.data(), method.size()});
    if (proof) return *(*proof)->claims;
    write_problem(response, proof.error());
    return std::nullopt;
}

}  // namespace coatcheck::web
