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

Result<Credential> find_access_token(const Request& request, const Settings& settings) {
    std::string_view in_header;
    bool differ = false;
    request.each(http::field::authorization, [&](std::string_view value) {
        const std::string_view token = token_of(value, settings.bare_authorization);
        if (token.empty()) return;
        if (!in_header.empty() && in_header != token) differ = true;
        in_header = token;
    });
    if (differ) return conflict;
    return joined(in_header, find_cookie(request, CookieKind::access, settings.dev));
}

Result<Credential> find_refresh_token(const Request& request, const Settings& settings, std::string_view in_body) {
    return joined(in_body, find_cookie(request, CookieKind::refresh, settings.dev));
}

Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method) {
    const auto& settings = context.service.settings;
    const auto credential = find_access_token(request, settings);
    if (!credential) return credential.error();
    if (credential->token.empty()) return Denied{Reason::token_missing};
    if (credential->by_cookie && !is_safe_method(method) && !site_is_allowed(request, settings, Proof::always))
        return Denied{Reason::csrf_refused};
    return context.verifier.check(credential->token, request.now);
}

std::optional<token::AccessClaims> signed_in(Context& context, const Request& request, Response& response) {
    const auto method = http::to_string(request.method);
    const auto proof = authenticate(context, request, {method.data(), method.size()});
    if (proof) return (*proof)->claims;
    write_problem(response, proof.error());
    return std::nullopt;
}

}  // namespace coatcheck::web
