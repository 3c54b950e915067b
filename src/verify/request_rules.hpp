// SPDX-License-Identifier: Apache-2.0
// Which credential a request presents, and whether a cookie counts that a browser added by itself. The server
// and the verifiers in front of APIs follow the same rules.
#pragma once

#include "base/reason.hpp"
#include "base/result.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace coatcheck::verify {

// Header fields in any container: `each(name, visit)` calls visit(value) for each field with that name, in
// order.
template <class Fields>
concept HeaderFields = requires(const Fields& fields) {
    fields.each(std::string_view(), [](std::string_view) {});
};

struct Credential {
    std::string_view token;  // empty: the request has none
    bool by_cookie = false;  // only a cookie has it: the CSRF rule applies
    // The user's id as the client sent it in X-USER. It must be the token's own user, and never selects a
    // user.
    std::string_view user = "";
    bool x_token = false;  // the token is in X-TOKEN
    bool bare = false;     // the token is in Authorization without Bearer
    bool crypt = false;    // a crypt token

    // True if X-USER is missing, or names this user.
    bool is_of(std::string_view subject) const { return user.empty() || user == subject; }
};

struct CredentialRules {
    std::string_view cookie;          // name of the access cookie
    bool bare_authorization = false;  // the dialects to accept: docs/dialects.md
    bool x_token = false;
    std::string_view crypt_header = "";  // the header of crypt tokens; empty: none are accepted
};

// The proof about its site that a request needs before a cookie counts on an unsafe request, or before a body
// may sign in or refresh.
enum class SiteProof {
    always,  // for a cookie: the site is allowed, or X-Coatcheck: 1 is sent
    // For a body: only if a browser says which site the request comes from.
    where_browser,
};

namespace detail {

// The value of a header field (the last one), and how often the field occurs. More than one makes the value
// doubtful: callers check `count`.
struct Sent {
    std::string_view value;
    int count = 0;
};
template <HeaderFields Fields>
Sent sent(const Fields& fields, std::string_view name) {
    Sent found;
    fields.each(name, [&](std::string_view value) {
        found.value = value;
        ++found.count;
    });
    return found;
}

template <HeaderFields Fields>
bool has_value(const Fields& fields, std::string_view name, std::string_view value) {
    bool found = false;
    fields.each(name, [&](std::string_view one) { found = found || one == value; });
    return found;
}

}  // namespace detail

// True for a request that reads and changes nothing, whoever made a browser send it. The handshake of a
// WebSocket is a GET, but a page of any site may begin it and then read and write (RFC 6455 §10.2).
template <HeaderFields Fields>
bool is_safe(std::string_view method, const Fields& fields) {
    return (method == "GET" || method == "HEAD" || method == "OPTIONS") &&
           detail::sent(fields, "Sec-WebSocket-Key").count == 0 &&
           !detail::has_value(fields, "Sec-Fetch-Mode", "websocket");
}

// The token of one Authorization field (RFC 6750 §2.1). Empty if the field has another scheme.
// `bare_allowed`: a value without a scheme is a token too.
inline std::string_view bearer_token(std::string_view value, bool bare_allowed) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    const std::size_t space = std::min(value.find(' '), value.size());
    const bool is_bearer = std::ranges::equal(value.substr(0, space), std::string_view("bearer"), {}, lower);
    if (space == value.size()) {
        if (is_bearer) return "-";  // a scheme without a token: the verifier answers token_malformed
        return bare_allowed ? value : std::string_view();
    }
    if (!is_bearer) return {};
    value.remove_prefix(std::min(value.find_first_not_of(' ', space), value.size()));  // RFC 6750 §2.1: 1*SP
    return value;
}

// The value of a cookie; empty if there is none. credential_conflict if the cookie occurs with different
// values.
template <HeaderFields Fields>
base::Result<std::string_view> find_cookie(const Fields& fields, std::string_view name) {
    std::string_view found;
    bool conflict = false;
    fields.each("Cookie", [&](std::string_view pairs) {
        while (!pairs.empty()) {
            const auto end = std::min(pairs.find(';'), pairs.size());
            std::string_view pair = pairs.substr(0, end);
            pairs.remove_prefix(std::min(end + 1, pairs.size()));
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (pair.size() <= name.size() || !pair.starts_with(name) || pair[name.size()] != '=') continue;
            const std::string_view value = pair.substr(name.size() + 1);
            if (value.empty()) continue;
            if (!found.empty() && found != value) conflict = true;
            found = value;
        }
    });
    if (conflict)
        return base::Denied{base::Reason::credential_conflict, {}, "one cookie has two different values"};
    return found;
}

// Returns `token`, which comes from elsewhere in the request and may be empty, or else the cookie's token.
// credential_conflict if they differ.
inline base::Result<Credential> one_of(std::string_view token, base::Result<std::string_view> cookie) {
    if (!cookie) return cookie.error();
    if (token.empty()) return Credential{*cookie, true};
    if (!cookie->empty() && *cookie != token)
        return base::Denied{
            base::Reason::credential_conflict, {}, "the request carries two different tokens"};
    return Credential{token, false};
}

// Finds the access token in `Authorization: Bearer` (RFC 6750 §2.1), in a dialect that is switched on, or in
// the access cookie. Ignores other schemes. credential_conflict: two tokens differ, X-TOKEN comes without
// X-USER, one of the two comes more than once, or X-USER is empty.
template <HeaderFields Fields>
base::Result<Credential> find_credential(const Fields& fields, const CredentialRules& rules) {
    std::string_view token, user;
    bool differ = false, bare = false, x_token = false;
    const auto take = [&](std::string_view found) {
        if (!token.empty() && token != found) differ = true;
        token = found;
    };
    fields.each("Authorization", [&](std::string_view value) {
        const std::string_view found = bearer_token(value, rules.bare_authorization);
        if (found.empty()) return;
        bare = bare || found.size() == value.size();
        take(found);
    });
    if (rules.x_token) {
        const auto older = detail::sent(fields, "X-TOKEN"), whose = detail::sent(fields, "X-USER");
        if (older.count > 1 || whose.count > 1 || (older.count == 1 && whose.value.empty()) ||
            (whose.count == 1 && whose.value.empty()))
            return base::Denied{
                base::Reason::credential_conflict, {}, "X-TOKEN and X-USER must come together, once each"};
        x_token = older.count == 1;
        if (x_token) take(older.value.empty() ? "-" : older.value);
        // X-USER counts beside any token, because an API of the older kind may believe it.
        user = whose.value;
    }
    bool crypt = false;
    if (!rules.crypt_header.empty())
        fields.each(rules.crypt_header, [&](std::string_view value) {
            crypt = true;
            take(value.empty() ? "-" : value);
        });
    auto credential = one_of(token, find_cookie(fields, rules.cookie));
    if (differ && credential)
        return base::Denied{
            base::Reason::credential_conflict, {}, "the request carries two different tokens"};
    if (credential) {
        credential->user = user;
        credential->x_token = x_token;
        credential->bare = bare;
        credential->crypt = crypt;
    }
    return credential;
}

// True if the request comes from an allowed site. If it has Sec-Fetch-Site, this must be same-origin, or
// same-site or cross-site with a listed Origin. Otherwise, if it has an Origin, this must be `own` or listed.
// If it has neither, SiteProof::always requires X-Coatcheck: 1. `is_listed` says whether an origin is listed.
template <HeaderFields Fields, class IsListed>
bool site_is_allowed(const Fields& fields, std::string_view own, const IsListed& is_listed, SiteProof proof) {
    const auto origins = detail::sent(fields, "Origin");
    const auto sites = detail::sent(fields, "Sec-Fetch-Site");
    if (sites.count > 1) return false;
    const std::string_view origin = origins.count == 1 ? origins.value : std::string_view(),
                           site = sites.value;
    if (!site.empty())
        return site == "same-origin" || ((site == "same-site" || site == "cross-site") && is_listed(origin));
    if (origins.count > 0) return (!own.empty() && origin == own) || is_listed(origin);
    if (proof == SiteProof::where_browser) return true;
    const auto marks = detail::sent(fields, "X-Coatcheck");
    return marks.count == 1 && marks.value == "1";
}

// Returns `found` if it may count. token_missing if there is no token; csrf_refused for a cookie on an unsafe
// request if site_is_allowed() says no. An unknown `method` is unsafe.
template <HeaderFields Fields, class IsListed>
base::Result<Credential> admitted(base::Result<Credential> found, const Fields& fields,
                                  std::string_view method, std::string_view own, const IsListed& is_listed) {
    if (!found) return found;
    if (found->token.empty()) return base::Denied{base::Reason::token_missing};
    if (found->by_cookie && !is_safe(method, fields) &&
        !site_is_allowed(fields, own, is_listed, SiteProof::always))
        return base::Denied{base::Reason::csrf_refused};
    return found;
}

}  // namespace coatcheck::verify
