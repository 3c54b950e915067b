// SPDX-License-Identifier: Apache-2.0
// Which credential a request carries, and whether one that a browser added by itself counts: one rule for the
// server and for verifiers in front of APIs.
#pragma once

#include "base/result.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace coatcheck::verify {

// Header fields, wherever they lie: `each(name, visit)` calls visit(value) for each field of that name, in
// order.
template <class Fields>
concept HeaderFields = requires(const Fields& fields) {
    fields.each(std::string_view(), [](std::string_view) {});
};

struct Credential {
    std::string_view token;  // empty: none was sent
    bool by_cookie = false;  // and by nothing else: the CSRF rule applies
    std::string_view user =
        "";  // who the client says it is (X-USER): has to be the token's own, and selects nobody
    bool x_token = false;  // in X-TOKEN
    bool bare = false;     // in Authorization without Bearer
    bool crypt = false;    // an encrypted token

    bool is_of(std::string_view subject) const { return user.empty() || user == subject; }
};

struct CredentialRules {
    std::string_view cookie;          // name of the access cookie
    bool bare_authorization = false;  // dialects: docs/dialects.md
    bool x_token = false;
    std::string_view crypt_header = "";  // of encrypted tokens; empty: none
};

// What a request must show before a cookie counts on an unsafe method, or before a body may sign in or
// refresh.
enum class SiteProof {
    always,         // for a cookie: the site must be known, or X-Coatcheck: 1 sent
    where_browser,  // for a body: only where a browser says which site it comes from
};

inline bool is_safe_method(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

namespace detail {

// The value where the field comes once, else nothing; a second one makes the first doubtful.
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

}  // namespace detail

// The token of one Authorization field (RFC 6750 §2.1); empty if it is of another scheme. `bare_allowed`:
// without one as well.
inline std::string_view bearer_token(std::string_view value, bool bare_allowed) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    const std::size_t space = std::min(value.find(' '), value.size());
    const bool is_bearer = std::ranges::equal(value.substr(0, space), std::string_view("bearer"), {}, lower);
    if (space == value.size()) {
        if (is_bearer) return "-";  // a scheme without a token: malformed
        return bare_allowed ? value : std::string_view();
    }
    return is_bearer ? value.substr(space + 1) : std::string_view();
}

// The value of a cookie; empty if absent. credential_conflict if it comes with different values.
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
        return base::Denied{base::Reason::credential_conflict, {}, "one cookie came with two values"};
    return found;
}

// A token from elsewhere in the request (may be empty), or the cookie's; credential_conflict where they
// differ.
inline base::Result<Credential> one_of(std::string_view token, base::Result<std::string_view> cookie) {
    if (!cookie) return cookie.error();
    if (token.empty()) return Credential{*cookie, true};
    if (!cookie->empty() && *cookie != token)
        return base::Denied{
            base::Reason::credential_conflict, {}, "two different tokens came with one request"};
    return Credential{token, false};
}

// The access token in `Authorization: Bearer` (RFC 6750 §2.1), in a dialect that is taken, or in the access
// cookie. Other schemes are ignored. credential_conflict: two that differ, or half of X-TOKEN and X-USER.
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
                base::Reason::credential_conflict, {}, "X-TOKEN and X-USER go together, once each"};
        x_token = older.count == 1;
        if (x_token) take(older.value.empty() ? "-" : older.value);
        user = whose.value;  // beside any token: an API of the older kind may believe it
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
            base::Reason::credential_conflict, {}, "two different tokens came with one request"};
    if (credential) {
        credential->user = user;
        credential->x_token = x_token;
        credential->bare = bare;
        credential->crypt = crypt;
    }
    return credential;
}

// Sec-Fetch-Site: same-origin; or same-site / cross-site from a listed origin; or, where that header is
// missing, an Origin that is `own` or listed; or, where both are missing, X-Coatcheck: 1. `is_listed` says so
// of an origin.
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

// What was found, if it may count: token_missing where there is nothing, csrf_refused for a cookie on an
// unsafe method without site_is_allowed(). `method`: unknown counts as unsafe.
template <HeaderFields Fields, class IsListed>
base::Result<Credential> admitted(base::Result<Credential> found, const Fields& fields,
                                  std::string_view method, std::string_view own, const IsListed& is_listed) {
    if (!found) return found;
    if (found->token.empty()) return base::Denied{base::Reason::token_missing};
    if (found->by_cookie && !is_safe_method(method) &&
        !site_is_allowed(fields, own, is_listed, SiteProof::always))
        return base::Denied{base::Reason::csrf_refused};
    return found;
}

}  // namespace coatcheck::verify
