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

// Name and secret of HTTP Basic, each form-encoded (RFC 7617 §2, RFC 6749 §2.3.1).
std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view value) {
    constexpr std::string_view scheme = "Basic ";
    if (value.size() <= scheme.size() ||
        !boost::beast::iequals({value.data(), scheme.size()}, {scheme.data(), scheme.size()}))
        return std::nullopt;
    const auto pair = base::from_base64(value.substr(scheme.size()));
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    const std::string_view text = *pair;
    const auto name = base::from_form(text.substr(0, colon)),
               secret = base::from_form(text.substr(colon + 1));
    if (!name || !secret) return std::nullopt;
    return std::pair{*name, *secret};
}

// For a client whose way has come to its end: that it has.
std::string retired(const Settings& settings, const Request& request) {
    const auto is_over = [&](Dialect dialect) {
        return settings.dialects[static_cast<std::size_t>(dialect)] && !settings.takes(dialect, request.now);
    };
    if (is_over(Dialect::x_token) && request.fields->count("X-TOKEN") > 0)
        return "X-TOKEN is no longer taken here: send Authorization: Bearer";
    if (is_over(Dialect::crypt) && request.fields->count(settings.crypt_header) > 0)
        return "encrypted tokens are no longer taken here: send Authorization: Bearer";
    if (is_over(Dialect::bare_authorization) && request.fields->count(http::field::authorization) > 0)
        return "a token without Bearer before it is no longer taken here";
    return "";
}

}  // namespace

base::Result<std::string> check_service_key(const Service& service, const Request& request,
                                            auth::Scope scope) {
    // Two might be read as one by a proxy, and as the other here.
    if (request.fields->count(http::field::authorization) > 1)
        return Denied{Reason::credential_conflict, {}, "Authorization came twice"};
    const std::string_view value = request.field(http::field::authorization);
    if (const auto basic = basic_credentials(value)) {
        const auto name = service.service_keys.check(basic->second, scope);
        if (name && *name != basic->first) return Denied{Reason::service_key_unknown};
        return name;
    }
    const std::string_view text = verify::bearer_token(value, false);
    if (text.empty()) return Denied{Reason::service_key_missing};
    return service.service_keys.check(text, scope);
}

Result<Credential> find_access_token(Service& service, const Request& request) {
    const Settings& settings = service.settings;
    const auto credential = verify::find_credential(
        request,
        {.cookie = cookie_name(CookieKind::access, settings.dev),
         .bare_authorization = settings.takes(Dialect::bare_authorization, request.now),
         .x_token = settings.takes(Dialect::x_token, request.now),
         .crypt_header = settings.takes(Dialect::crypt, request.now) ? std::string_view(settings.crypt_header)
                                                                     : ""});
    if (credential && credential->bare) service.count(Dialect::bare_authorization);
    if (credential && credential->x_token) service.count(Dialect::x_token);
    if (credential && credential->crypt) service.count(Dialect::crypt);
    return credential;
}

Result<Credential> find_refresh_token(const Request& request, const Settings& settings,
                                      std::string_view in_body) {
    return verify::one_of(in_body,
                          verify::find_cookie(request, cookie_name(CookieKind::refresh, settings.dev)));
}

namespace {

bool may_be_foreign(const Context& context, std::string_view token, const Denied& denied) {
    return context.service.foreign != nullptr && denied.reason == Reason::token_not_ours &&
           verify::ForeignVerifier::may_be(token);
}

Result<verify::Proof*> judge(Context& context, const Credential& credential, base::Timestamp now,
                             Takes takes) {
    Result<token::AccessClaims> claims = Denied{Reason::token_missing};
    if (credential.crypt) {
        claims = context.service.crypt->check(credential.token, now);
    } else {
        auto proof = context.verifier.check(credential.token, now);
        if (proof || takes == Takes::own || !may_be_foreign(context, credential.token, proof.error()))
            return proof;
        claims = context.service.foreign->check(credential.token, now);
        if (claims) context.service.count(Dialect::foreign);
    }
    if (!claims) return claims.error();
    context.other_proof = {std::make_shared<const token::AccessClaims>(*std::move(claims))};
    return &context.other_proof;
}

// An encrypted token is Base64, without the dots of a JWT.
Credential by_itself(const Settings& settings, std::string_view token, base::Timestamp now) {
    return {.token = token,
            .crypt = settings.takes(Dialect::crypt, now) && token.find('.') == std::string_view::npos};
}

}  // namespace

Result<verify::Proof*> judge(Context& context, const Request& request, std::string_view token) {
    return judge(context, by_itself(context.service.settings, token, request.now), request.now, Takes::any);
}

Result<token::AccessClaims> judge_ignoring_time(const Context& context, const Credential& credential) {
    if (credential.crypt) return context.service.crypt->check_ignoring_time(credential.token);
    auto claims = context.verifier.check_ignoring_time(credential.token);
    if (claims || !may_be_foreign(context, credential.token, claims.error())) return claims;
    return context.service.foreign->check_ignoring_time(credential.token);
}

Result<token::AccessClaims> judge_ignoring_time(const Context& context, const Request& request,
                                                std::string_view token) {
    return judge_ignoring_time(context, by_itself(context.service.settings, token, request.now));
}

Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method,
                                    Takes takes) {
    const auto& settings = context.service.settings;
    const auto is_listed = [&](std::string_view origin) { return settings.allowed_origins.contains(origin); };
    const auto credential = verify::admitted(find_access_token(context.service, request), request, method,
                                             settings.origin, is_listed);
    if (!credential)
        return credential.error().reason == Reason::token_missing
                   ? Denied{Reason::token_missing, {}, retired(settings, request)}
                   : credential.error();
    if (credential->crypt && takes == Takes::own)
        return Denied{Reason::token_missing,
                      {},
                      "an encrypted token says who calls an API; this wants an access token"};
    auto proof = judge(context, *credential, request.now, takes);
    if (proof && !credential->is_of((*proof)->claims->subject))
        return Denied{Reason::token_not_ours, {}, "X-USER is not whose token this is"};
    return proof;
}

std::optional<token::AccessClaims> signed_in(Context& context, const Request& request, Response& response,
                                             Takes takes) {
    const auto method = http::to_string(request.method);
    const auto proof = authenticate(context, request, {method.data(), method.size()}, takes);
    if (proof) return *(*proof)->claims;
    write_problem(response, proof.error());
    return std::nullopt;
}

}  // namespace coatcheck::web
