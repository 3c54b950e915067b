// SPDX-License-Identifier: Apache-2.0
#include "web/credentials.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/reason.hpp"
#include "web/cross_site.hpp"
#include "web/forms.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace coatcheck::web {
namespace {

using base::Denied;
using base::Reason;
using base::Result;

constexpr std::string_view basic = "Basic ";

bool is_basic(std::string_view value) {
    return value.size() > basic.size() &&
           boost::beast::iequals({value.data(), basic.size()}, {basic.data(), basic.size()});
}

// The advice for a client that uses a dialect whose last day is over; empty if it uses none.
std::string retired(const Settings& settings, const Request& request) {
    const auto is_over = [&](Dialect dialect) { return settings.is_over(dialect, request.now); };
    if (is_over(Dialect::x_token) && request.count("X-TOKEN") > 0)
        return "X-TOKEN is no longer accepted: send Authorization: Bearer";
    if (is_over(Dialect::crypt) && request.count(settings.crypt_header) > 0)
        return "crypt tokens are no longer accepted: send Authorization: Bearer";
    if (is_over(Dialect::bare_authorization) && request.has(http::field::authorization))
        return "a token without Bearer is no longer accepted: send Authorization: Bearer";
    return "";
}

using verify::Credential;

Result<Credential> find_access_token(Service& service, const Request& request) {
    const Settings& settings = service.settings;
    const auto takes = [&](Dialect dialect) { return settings.takes(dialect, request.now); };
    const auto credential = verify::find_credential(
        request, {.cookie = cookie_name(CookieKind::access, settings.dev),
                  .bare_authorization = takes(Dialect::bare_authorization),
                  .x_token = takes(Dialect::x_token),
                  .crypt_header = takes(Dialect::crypt) ? std::string_view(settings.crypt_header) : ""});
    if (credential && credential->bare) service.metrics.count(Dialect::bare_authorization);
    if (credential && credential->x_token) service.metrics.count(Dialect::x_token);
    if (credential && credential->crypt) service.metrics.count(Dialect::crypt);
    return credential;
}

Result<Credential> find_refresh_text(const Request& request, const Settings& settings,
                                     std::string_view in_body) {
    return verify::one_of(in_body,
                          verify::find_cookie(request, cookie_name(CookieKind::refresh, settings.dev)));
}

bool may_be_foreign(const Context& context, std::string_view token, const Denied& denied) {
    return context.service.foreign != nullptr && denied.reason == Reason::token_not_ours &&
           verify::ForeignVerifier::may_be(token);
}

// Says which check failed: in the log, once an hour for each check, and in the answer while somebody
// develops. Looks at one token a second otherwise, because that costs as much as a verification, and
// strangers send tokens.
Denied explained(Context& context, std::string_view token, base::Timestamp now, Denied denied) {
    Service& service = context.service;
    const auto second = base::unix_seconds(now);
    if (denied.reason != Reason::token_not_ours || !denied.detail.empty()) return denied;
    if (!service.settings.dev && std::exchange(context.explained_second, second) == second) return denied;
    const auto explanation = context.verifier.explain_not_ours(token);
    if (!explanation) return denied;
    constexpr std::int64_t tell_again = 3600;  // seconds: strangers may have used up the first telling
    auto& told = service.told[static_cast<std::size_t>(explanation->mismatch)];
    auto last = told.load();
    if (second - last >= tell_again && told.compare_exchange_strong(last, second))
        base::log::write(
            base::log::Level::warning, "token_not_ours",
            {{"check", verify::name_of(explanation->mismatch)}, {"meaning", explanation->sentence}});
    if (service.settings.dev) denied.detail = explanation->sentence;
    return denied;
}

Result<verify::Proof*> judge(Context& context, const Credential& credential, base::Timestamp now,
                             Accepts accepts) {
    Result<token::AccessClaims> claims = Denied{Reason::token_missing};
    if (credential.crypt) {
        claims = context.service.crypt->check(credential.token, now);
    } else {
        auto proof = context.verifier.check(credential.token, now);
        if (proof) return proof;
        if (accepts == Accepts::own || !may_be_foreign(context, credential.token, proof.error()))
            return explained(context, credential.token, now, proof.error());
        claims = context.service.foreign->check(credential.token, now);
        if (claims) context.service.metrics.count(Dialect::foreign);
    }
    if (!claims) return claims.error();
    context.other_proof = {std::make_shared<const token::AccessClaims>(*std::move(claims))};
    return &context.other_proof;
}

Result<token::AccessClaims> judge_even_if_over(const Context& context, const Credential& credential) {
    if (credential.crypt) return context.service.crypt->check_even_if_over(credential.token);
    auto claims = context.verifier.check_even_if_over(credential.token);
    if (claims || !may_be_foreign(context, credential.token, claims.error())) return claims;
    return context.service.foreign->check_even_if_over(credential.token);
}

// A credential that came by itself. Unlike a JWT, a crypt token is Base64 without dots.
Credential alone(const Settings& settings, std::string_view token, base::Timestamp now) {
    return {.token = token,
            .crypt = settings.takes(Dialect::crypt, now) && token.find('.') == std::string_view::npos};
}

Denied wrong_user() { return {Reason::token_not_ours, {}, "X-USER names another user than the token"}; }
Denied no_session_here() {
    return {Reason::token_not_ours, {}, "another issuer made this token: it has no session here"};
}

}  // namespace

std::optional<std::pair<std::string, std::string>> basic_credentials(std::string_view value) {
    value.remove_prefix(std::min(value.find_first_not_of(' ', basic.size()), value.size()));
    const auto pair = base::from_base64(value);
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    const std::string_view text = *pair;
    const auto name = base::from_form(text.substr(0, colon)),
               secret = base::from_form(text.substr(colon + 1));
    if (!name || !secret) return std::nullopt;
    return std::pair{*name, *secret};
}

bool is_basic(const Request& request) { return is_basic(request.value(http::field::authorization)); }

base::Result<auth::PresentedServiceKey> check_service_key(const Service& service, const Request& request,
                                                          auth::Scope scope, bool takes_form) {
    // With two fields, a proxy might read the first one, and this server the second.
    if (request.count(http::field::authorization) > 1)
        return Denied{Reason::credential_conflict, {}, "the Authorization field occurs twice"};
    const std::string_view value = request.value(http::field::authorization);
    const auto in_form = takes_form ? parse_client(request) : Result<std::optional<ClientForm>>(std::nullopt);
    if (!in_form) return in_form.error();
    if (*in_form && request.has(http::field::authorization))
        return Denied{
            Reason::credential_conflict, {}, "the client's secret came in the form and in a header"};
    const auto check_named = [&](std::string_view name, std::string_view secret) {
        auto key = service.service_keys.check(secret, scope);
        return key && key->name != name ? Denied{Reason::service_key_unknown} : key;
    };
    if (*in_form) return check_named((*in_form)->id, (*in_form)->secret.reveal());
    if (is_basic(value)) {
        const auto pair = basic_credentials(value);
        return pair ? check_named(pair->first, pair->second) : Denied{Reason::service_key_missing};
    }
    const std::string_view text = verify::bearer_token(value, false);
    if (text.empty()) return Denied{Reason::service_key_missing};
    return service.service_keys.check(text, scope);
}

Result<verify::Proof*> authenticate(Context& context, const Request& request, std::string_view method,
                                    Accepts accepts) {
    const auto& settings = context.service.settings;
    const auto is_listed = [&](std::string_view origin) { return settings.allowed_origins.contains(origin); };
    const auto credential = verify::admitted(find_access_token(context.service, request), request, method,
                                             settings.origin, is_listed);
    if (!credential) {
        const bool is_missing = credential.error().reason == Reason::token_missing;
        return is_missing ? Denied{Reason::token_missing, {}, retired(settings, request)}
                          : credential.error();
    }
    if (credential->crypt && accepts == Accepts::own)
        return Denied{Reason::token_missing,
                      {},
                      "a crypt token only tells an API who the user is; this route needs an access token"};
    auto proof = judge(context, *credential, request.now, accepts);
    if (proof && !credential->is_of((*proof)->claims->subject)) return wrong_user();
    return proof;
}

Result<verify::Proof*> authenticate_by_header(Context& context, const Request& request) {
    if (request.count(http::field::authorization) > 1)
        return Denied{Reason::credential_conflict, {}, "the Authorization field occurs twice"};
    const std::string_view token = verify::bearer_token(request.value(http::field::authorization), false);
    if (token.empty()) return Reason::token_missing;
    return judge(context, Credential{.token = token}, request.now, Accepts::own);
}

bool is_for(const token::AccessClaims& claims, std::string_view audience) {
    return claims.audience.empty() || claims.is_foreign() ||
           std::find(claims.audience.begin(), claims.audience.end(), audience) != claims.audience.end();
}

Result<PresentedRefresh> find_refresh_token(const Call& call) {
    const Settings& settings = call.service().settings;
    const auto in_body = parse_refresh(call.request, settings);
    if (!in_body) return in_body.error();
    const auto credential = find_refresh_text(call.request, settings, *in_body);
    if (!credential) return credential.error();
    if (credential->token.empty()) return Reason::refresh_token_missing;
    const auto proof = credential->by_cookie ? verify::SiteProof::always : verify::SiteProof::where_browser;
    if (!site_is_allowed(call.request, settings, proof)) return Reason::csrf_refused;
    auto token = token::RefreshToken::parse(credential->token, 1, *call.service().current()->ring.mac_key);
    if (!token) return token.error();
    return PresentedRefresh{*std::move(token), credential->by_cookie};
}

Result<SignOutTarget> find_sign_out_target(const Call& call) {
    const Settings& settings = call.service().settings;
    const auto in_body = parse_refresh(call.request, settings);
    if (!in_body) return in_body.error();
    const auto access = find_access_token(call.service(), call.request);
    if (!access) return access.error();
    const auto refresh = find_refresh_text(call.request, settings, *in_body);
    if (!refresh) return refresh.error();

    const bool access_by_cookie = !access->token.empty() && access->by_cookie;
    const bool refresh_by_cookie = !refresh->token.empty() && refresh->by_cookie;
    const bool by_header_or_body = (!access->token.empty() && !access->by_cookie) || !in_body->empty();
    SignOutTarget target;
    target.any_cookie = access_by_cookie || refresh_by_cookie;
    if (target.any_cookie && !by_header_or_body &&
        !site_is_allowed(call.request, settings, verify::SiteProof::always))
        return Reason::csrf_refused;

    std::optional<Denied> refused;
    if (!access->token.empty()) {
        auto claims = judge_even_if_over(call.context, *access);
        if (!claims) {
            if (!access->by_cookie) refused = claims.error();
        } else if (!access->is_of(claims->subject)) {
            return wrong_user();
        } else if (claims->session.empty()) {
            return no_session_here();
        } else if (!claims->is_foreign() && claims->client != auth::own_client) {
            return Denied{
                Reason::insufficient_scope, {}, "an OAuth client revokes its token at /oauth2/revoke"};
        } else {
            target.session = claims->session;
            if (claims->is_foreign()) target.foreign = *std::move(claims);
        }
    }
    if (!refresh->token.empty()) {
        const auto token = token::RefreshToken::parse(refresh->token, 1,
                                                      *call.service().current()->ring.mac_key);
        if (!token) {
            if (!refresh->by_cookie) return token.error();
        } else if (!target.session.empty() && target.session != token->session) {
            return Denied{
                Reason::credential_conflict, {}, "the request carries tokens of two different sessions"};
        } else {
            target.session = token->session;
            target.secret_hash = token->secret_hash();
        }
    }
    // A refresh token ends its session even if the access token in the same request is refused, for example
    // because its signing key was revoked.
    if (refused && target.session.empty()) return *refused;
    return target;
}

Result<verify::Proof*> judge(Context& context, const Request& request, std::string_view token) {
    return judge(context, alone(context.service.settings, token, request.now), request.now, Accepts::any);
}

Result<token::AccessClaims> judge_even_if_over(const Context& context, const Request& request,
                                               std::string_view token) {
    return judge_even_if_over(context, alone(context.service.settings, token, request.now));
}

}  // namespace coatcheck::web
