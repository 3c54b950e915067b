// SPDX-License-Identifier: Apache-2.0
// Every key: the member that holds its value, its comment, and its check.
#include "app/config/config.hpp"
#include "app/config/values.hpp"
#include "crypto/signing_key.hpp"
#include "http/forwarded.hpp"

#include <algorithm>
#include <set>

namespace coatcheck::app {
namespace {

using std::chrono::hours, std::chrono::milliseconds, std::chrono::minutes, std::chrono::seconds;

// Makes an Access: at<&Config::listen>, or at<&Config::policy, &auth::Policy::idle> for a member of a member.
template <auto Member>
auto& get(Config& config) {
    return config.*Member;
}
template <auto Section, auto Member>
auto& get(Config& config) {
    return (config.*Section).*Member;
}
template <auto Room, auto Section, auto Member>
auto& get(Config& config) {
    return ((config.*Room).*Section).*Member;
}
template <auto... Path>
constexpr auto at = [](Config& config) -> auto& {
    return get<Path...>(config);
};

template <class Value>
Value value_of(const Config& config, Access<Value> access) {
    Config copy = config;
    return access(copy);
}

constexpr std::int64_t ms(base::Duration duration) { return duration.count(); }

// The check that a duration lies between two bounds, in milliseconds.
template <const auto& Path, std::int64_t Least, std::int64_t Most>
std::string within(const Config& config) {
    const auto value = value_of<base::Duration>(config, Path);
    constexpr base::Duration least(Least), most(Most);
    if (value >= least && value <= most) return "";
    return "needs " + base::format_duration(least) + " to " + base::format_duration(most) + ", not " +
           base::format_duration(value);
}

// The check that a number lies between two bounds.
template <const auto& Path, std::int64_t Least, std::int64_t Most>
std::string between(const Config& config) {
    const auto value = value_of<std::int64_t>(config, Path);
    if (value >= Least && value <= Most) return "";
    return "needs " + std::to_string(Least) + " to " + std::to_string(Most) + ", not " +
           std::to_string(value);
}

// The check that a text is a day, or empty.
template <const auto& Path>
std::string day(const Config& config) {
    const auto text = value_of<std::string>(config, Path);
    if (text.empty() || base::parse_day_end(text)) return "";
    return "needs a day such as 2027-01-31, or nothing, not " + in_quotes(text);
}

// "needs WHAT, not VALUE".
std::string needs(const std::string& what, const std::string& value) {
    return "needs " + what + ", not " + in_quotes(value);
}

std::string check_public_url(const Config& config) {
    if (is_origin(config.web.public_url)) return "";
    return needs("http:// or https://, a host in lower case, an optional port and nothing else",
                 config.web.public_url);
}

std::string check_listen(const Config& config) {
    const auto listen = parse_listen(config.listen);
    if (!listen) return needs("ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080", config.listen);
    if (config.dev && !listen->is_loopback())
        return "must be a loopback address with --dev: cookies would cross the network unencrypted";
    if (!listen->is_loopback() && !config.behind_proxy)
        return "is not a loopback address, and passwords would cross the network unencrypted: put a proxy "
               "with TLS in front and set behind_proxy = true";
    return "";
}

std::string check_proxies(const Config& config) {
    for (const auto& proxy : config.trusted_proxies)
        if (!http::Network::parse(proxy)) return needs("addresses or blocks such as 10.0.0.0/8", proxy);
    return "";
}

std::string check_algorithm(const Config& config) {
    if (crypto::algorithm_named(config.algorithm)) return "";
    return needs("ES256, RS256, PS256 or EdDSA", config.algorithm);
}

std::string check_format(const Config& config) {
    const auto& format = config.token_format;
    return format == "jwt" || format == "jwe" || format == "any" ? "" : needs("jwt, jwe or any", format);
}

std::string check_encryption_file(const Config& config) {
    const bool is_needed = config.token_format != "jwt";
    return is_needed && config.encryption_key_file.empty() ? "needs a file with the keys" : "";
}

std::string check_envelope_path(const Config& config) {
    const auto& path = config.web.envelope_path;
    if (path.empty() || is_free_path(path)) return "";
    return needs("a path such as /login that no route uses, or nothing", path);
}

std::string check_cipher(const Config& config) {
    const auto& cipher = config.crypt_cipher;
    return cipher == "AES-256-CBC" || cipher == "AES-256-GCM" ? ""
                                                              : needs("AES-256-CBC or AES-256-GCM", cipher);
}

std::string check_crypt_file(const Config& config) {
    return config.crypt && config.crypt_key_file.empty() ? "needs a file with the keys" : "";
}

std::string check_crypt_header(const Config& config) {
    if (is_free_header(config.web.crypt_header)) return "";
    return needs("the name of a header that Coatcheck does not use already", config.web.crypt_header);
}

std::string check_crypt_fields(const Config& config) {
    const auto& names = config.crypt_fields;
    const std::set<std::string> different(names.begin(), names.end());
    const bool is_good = names.size() == 3 && different.size() == 3 && !different.contains("") &&
                         !different.contains("session") && !different.contains("ver");
    if (is_good) return "";
    return "needs three different names, for the user, the time of issue and the time of expiry; session "
           "and ver are reserved";
}

std::string check_origins(const Config& config) {
    for (const auto& origin : config.origins)
        if (!is_origin(origin) && !is_app_origin(origin))
            return needs(
                "complete origins such as https://app.example.com or capacitor://localhost, without a path "
                "or *",
                origin);
    return "";
}

std::string check_hosts(const Config& config) {
    for (const auto& host : config.web.hosts)
        if (host.empty() || host.find_first_of("/@?#, *") != std::string::npos || host.ends_with('.') ||
            (!host.starts_with('[') && std::count(host.begin(), host.end(), ':') > 1))
            return needs(
                "host names with or without a port, such as id.example.com or [::1]:8080, without https:// "
                "or *",
                host);
    return "";
}

std::string check_cors_headers(const Config& config) {
    for (const auto& name : config.web.more_headers)
        if (!is_free_header(name))
            return needs("names of request headers of other programs, such as traceparent", name);
    return "";
}

std::string check_metrics_listen(const Config& config) {
    const auto& listen = config.metrics_listen;
    return listen.empty() || parse_listen(listen) ? "" : needs("ADDRESS:PORT, or nothing", listen);
}

std::string check_no_password(const std::string& url) {
    if (!store::is_postgres(url) || !has_password(url)) return "";
    return "must not hold a password: put it into a file that only this server can read, and name that file "
           "in store.password_file";
}

std::string check_store_url(const Config& config) {
    const auto& url = config.store.url;
    // The lock protects only the data directory: a database elsewhere could be served twice.
    const bool is_file = url.starts_with("sqlite:") && url.size() > 7 && url.find('/') == std::string::npos;
    if (is_file) return "";
    if (store::is_postgres(url)) return check_no_password(url);
    return needs("sqlite:FILE, a file in the data directory, or postgres://USER@HOST/DATABASE", url);
}

std::string check_listen_url(const Config& config) {
    const auto& url = config.store.listen_url;
    if (url.empty()) return "";
    return store::is_postgres(url) ? check_no_password(url)
                                   : needs("postgres://USER@HOST/DATABASE, or nothing", url);
}

std::string check_sealing_file(const Config& config) {
    return config.store_sealing_key_file.empty() ? "needs the name of a file" : "";
}

std::string check_resources(const Config& config) {
    for (const auto& resource : config.policy.oauth.resources)
        if (resource.uri == config.web.public_url || resource.uri == config.policy.audience)
            return "needs each [[resource]] to have a uri of its own, and " + in_quotes(resource.uri) +
                   " is tokens.audience: clients get that by --default-resource default";
    return "";
}

constexpr Key keys[] = {
    {"public_url", at<&Config::web, &web::Settings::public_url>,
     "URL at which browsers reach this server; the issuer (iss) of tokens.", check_public_url},
    {"listen", at<&Config::listen>, "Address and port. Other than loopback, it needs behind_proxy.",
     check_listen},
    {"behind_proxy", at<&Config::behind_proxy>, "A proxy with TLS is in front of this server."},
    {"trusted_proxies", at<&Config::trusted_proxies>,
     "Addresses or blocks of proxies whose X-Forwarded-* are believed.", check_proxies},
    {"hosts", at<&Config::web, &web::Settings::hosts>,
     "Hosts that requests may name, such as id.example.com or 10.0.0.7:8080; others get 421. Empty: any.",
     check_hosts},
    {"drain", at<&Config::drain>,
     "How long a server behind a proxy goes on after SIGTERM, while /readyz says 503.",
     within<at<&Config::drain>, 1, ms(minutes(5))>},
    {"tokens.algorithm", at<&Config::algorithm>, "ES256, RS256, PS256 or EdDSA.", check_algorithm},
    {"tokens.access_ttl", at<&Config::policy, &auth::Policy::access_ttl>, "Life of an access token.",
     within<at<&Config::policy, &auth::Policy::access_ttl>, ms(seconds(1)), ms(hours(24))>},
    {"tokens.audience", at<&Config::policy, &auth::Policy::audience>, "aud of tokens; empty: public_url."},
    {"tokens.key_rotation", at<&Config::key_rotation>, "How long a key signs before the next one takes over.",
     within<at<&Config::key_rotation>, ms(minutes(1)), ms(hours(24 * 3650))>},
    {"tokens.format", at<&Config::token_format>,
     "jwt: signed; jwe: also encrypted, only these accepted; any: encrypted, both accepted.", check_format},
    {"tokens.encryption_key_file", at<&Config::encryption_key_file>,
     "File with the encryption keys, one on each line: the first encrypts, all decrypt.",
     check_encryption_file},
    {"tokens.status_list", at<&Config::policy, &auth::Policy::status_lists>,
     "Tokens name their place in a Token Status List, for third-party verifiers."},
    {"sessions.idle", at<&Config::policy, &auth::Policy::idle>,
     "A session ends if it is not refreshed for this long.",
     within<at<&Config::policy, &auth::Policy::idle>, ms(seconds(1)), ms(hours(24 * 400))>},
    {"sessions.absolute", at<&Config::policy, &auth::Policy::absolute>,
     "A session ends after this long in any case.",
     within<at<&Config::policy, &auth::Policy::absolute>, ms(seconds(1)), ms(hours(24 * 400))>},
    {"sessions.refresh_grace", at<&Config::policy, &auth::Policy::grace>,
     "How long a superseded refresh token still returns the current one.",
     within<at<&Config::policy, &auth::Policy::grace>, ms(milliseconds(1)), ms(minutes(10))>},
    {"sessions.per_user", at<&Config::policy, &auth::Policy::sessions_per_user>,
     "Live sessions of one user; one more ends the one that was not used for the longest time.",
     between<at<&Config::policy, &auth::Policy::sessions_per_user>, 1, 1000>},
    {"sign_up.enabled", at<&Config::policy, &auth::Policy::sign_up>, "Anybody may create an account."},
    {"passwords.min_length", at<&Config::policy, &auth::Policy::min_password>,
     "Least number of characters of a new password.",
     between<at<&Config::policy, &auth::Policy::min_password>, 8, 128>},
    {"oauth.enabled", at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::enabled>,
     "OAuth 2.1 and OpenID Connect for clients of your own and of others (docs/oauth.md).", check_resources},
    {"oauth.code_ttl", at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::code_ttl>,
     "Life of an authorization code.",
     within<at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::code_ttl>, ms(seconds(1)),
            ms(minutes(10))>},
    {"oauth.id_token_ttl", at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::id_token_ttl>,
     "Life of an ID token.",
     within<at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::id_token_ttl>, ms(seconds(1)),
            ms(hours(24))>},
    {"oauth.native_grace", at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::native_grace>,
     "sessions.refresh_grace for native clients, whose answers are lost more often.",
     within<at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::native_grace>, ms(milliseconds(1)),
            ms(minutes(30))>},
    {"oauth.unverified_email",
     at<&Config::policy, &auth::Policy::oauth, &auth::OAuthPolicy::unverified_email>,
     "Tell clients e-mail addresses that nobody has verified."},
    {"accept.bare_authorization", at<&Config::bare_authorization>,
     "Also accept `Authorization: <token>` without Bearer."},
    {"accept.bare_authorization_until", at<&Config::bare_authorization_until>,
     "Last day (UTC) of this dialect; empty: no end.", day<at<&Config::bare_authorization_until>>},
    {"accept.x_token", at<&Config::x_token>, "Also accept `X-TOKEN: <token>` with `X-USER: <user id>`."},
    {"accept.x_token_until", at<&Config::x_token_until>, "Last day (UTC) of this dialect; empty: no end.",
     day<at<&Config::x_token_until>>},
    {"accept.envelope", at<&Config::envelope>,
     "Sign-in with `user_name`, answered in `{success, data, detail}`."},
    {"accept.envelope_path", at<&Config::web, &web::Settings::envelope_path>,
     "Another path for this sign-in, such as /login; empty: none.", check_envelope_path},
    {"accept.envelope_until", at<&Config::envelope_until>, "Last day (UTC) of this dialect; empty: no end.",
     day<at<&Config::envelope_until>>},
    {"accept.crypt", at<&Config::crypt>, "Issue and accept tokens that Laravel's Crypt reads."},
    {"accept.crypt_until", at<&Config::crypt_until>, "Last day (UTC) of this dialect; empty: no end.",
     day<at<&Config::crypt_until>>},
    {"accept.crypt_cipher", at<&Config::crypt_cipher>, "AES-256-CBC or AES-256-GCM.", check_cipher},
    {"accept.crypt_key_file", at<&Config::crypt_key_file>,
     "File with keys as in APP_KEY, one on each line: the first encrypts, all decrypt.", check_crypt_file},
    {"accept.crypt_header", at<&Config::web, &web::Settings::crypt_header>,
     "Header that carries a token in Laravel's format.", check_crypt_header},
    {"accept.crypt_fields", at<&Config::crypt_fields>,
     "Names of the members for user, time of issue and expiry.", check_crypt_fields},
    {"accept.crypt_ttl", at<&Config::policy, &auth::Policy::crypt_ttl>,
     "Life of a token in Laravel's format.",
     within<at<&Config::policy, &auth::Policy::crypt_ttl>, ms(minutes(1)), ms(hours(24 * 30))>},
    {"accept.foreign_file", at<&Config::foreign_file>,
     "File with the issuers of an older system whose JWTs are accepted; empty: none."},
    {"cors.origins", at<&Config::origins>, "Other origins whose pages may call this server with credentials.",
     check_origins},
    {"cors.headers", at<&Config::web, &web::Settings::more_headers>,
     "Request headers that these pages may send besides ours, such as those of tracing libraries.",
     check_cors_headers},
    {"metrics.listen", at<&Config::metrics_listen>, "Address and port for /metrics; empty: off.",
     check_metrics_listen},
    {"log.access", at<&Config::web, &web::Settings::log_access>, "One log line for each request."},
    {"store.url", at<&Config::store, &store::Place::url>,
     "sqlite:FILE, a file in the data directory; or postgres://USER@HOST/DATABASE, for several nodes.",
     check_store_url},
    {"store.password_file", at<&Config::store_password_file>,
     "File with the password of PostgreSQL; empty: libpq's variables and files decide."},
    {"store.start_wait", at<&Config::store_start_wait>,
     "How long a server that starts waits for PostgreSQL, if nothing answers there.",
     within<at<&Config::store_start_wait>, ms(seconds(1)), ms(hours(1))>},
    {"store.connections", at<&Config::store, &store::Place::connections>,
     "Connections of each node to PostgreSQL; one more listens.",
     between<at<&Config::store, &store::Place::connections>, 1, 200>},
    {"store.listen_url", at<&Config::store, &store::Place::listen_url>,
     "Address of the connection that listens, without a pooler such as pgbouncer; empty: store.url.",
     check_listen_url},
    {"store.sealing_key_file", at<&Config::store_sealing_key_file>,
     "File with the key that seals the keys in the store; the same on all nodes. Created if it is missing.",
     check_sealing_file},
};

}  // namespace

std::span<const Key> config_keys() { return keys; }

const Key* find_key(std::string_view name) {
    const auto* row = std::find_if(std::begin(keys), std::end(keys),
                                   [&](const Key& key) { return key.name == name; });
    return row == std::end(keys) ? nullptr : row;
}

void check_config(const Config& config) {
    for (const Key& key : keys) {
        const std::string wrong = key.check == nullptr ? "" : key.check(config);
        if (wrong.empty()) continue;
        const auto row = config.origin.find(key.name);
        const std::string where = row == config.origin.end() ? "the default" : row->second;
        throw ConfigError(where + ": " + std::string(key.name) + " " + wrong);
    }
}

}  // namespace coatcheck::app
