// SPDX-License-Identifier: Apache-2.0
#include "app/config.hpp"

#include "app/toml_file.hpp"
#include "base/numbers.hpp"
#include "base/text.hpp"
#include "crypto/signing_key.hpp"
#include "http/forwarded.hpp"
#include "store/open.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace coatcheck::app {
namespace {

constexpr Key keys[] = {
    {"public_url", &Config::public_url,
     "URL at which browsers reach this server; the issuer (iss) of tokens."},
    {"listen", &Config::listen, "Address and port. Other than loopback, it needs behind_proxy."},
    {"behind_proxy", &Config::behind_proxy, "A proxy with TLS is in front of this server."},
    {"trusted_proxies", &Config::trusted_proxies,
     "Addresses or blocks of proxies whose X-Forwarded-* are believed."},
    {"tokens.algorithm", &Config::algorithm, "ES256, RS256, PS256 or EdDSA."},
    {"tokens.access_ttl", &Config::access_ttl, "Life of an access token."},
    {"tokens.audience", &Config::audience, "aud of tokens; empty: public_url."},
    {"tokens.key_rotation", &Config::key_rotation, "How long a key signs before the next one takes over."},
    {"tokens.format", &Config::token_format,
     "jwt: signed; jwe: also encrypted, only these accepted; any: encrypted, both accepted."},
    {"tokens.encryption_key_file", &Config::encryption_key_file,
     "File with the encryption keys, one on each line: the first encrypts, all decrypt."},
    {"tokens.status_list", &Config::status_list,
     "Tokens name their place in a Token Status List, for third-party verifiers."},
    {"sessions.idle", &Config::idle, "A session ends if it is not refreshed for this long."},
    {"sessions.absolute", &Config::absolute, "A session ends after this long in any case."},
    {"sessions.refresh_grace", &Config::refresh_grace,
     "How long a superseded refresh token still returns the current one."},
    {"sign_up.enabled", &Config::sign_up, "Anybody may create an account."},
    {"passwords.min_length", &Config::min_password, "Least number of characters of a new password."},
    {"accept.bare_authorization", &Config::bare_authorization,
     "Also accept `Authorization: <token>` without Bearer."},
    {"accept.bare_authorization_until", &Config::bare_authorization_until,
     "Last day (UTC) of this dialect; empty: no end."},
    {"accept.x_token", &Config::x_token, "Also accept `X-TOKEN: <token>` with `X-USER: <user id>`."},
    {"accept.x_token_until", &Config::x_token_until, "Last day (UTC) of this dialect; empty: no end."},
    {"accept.envelope", &Config::envelope,
     "Sign-in with `user_name`, answered in `{success, data, detail}`."},
    {"accept.envelope_path", &Config::envelope_path,
     "Another path for this sign-in, such as /login; empty: none."},
    {"accept.envelope_until", &Config::envelope_until, "Last day (UTC) of this dialect; empty: no end."},
    {"accept.crypt", &Config::crypt, "Issue and accept tokens that Laravel's Crypt reads."},
    {"accept.crypt_until", &Config::crypt_until, "Last day (UTC) of this dialect; empty: no end."},
    {"accept.crypt_cipher", &Config::crypt_cipher, "AES-256-CBC or AES-256-GCM."},
    {"accept.crypt_key_file", &Config::crypt_key_file,
     "File with keys as in APP_KEY, one on each line: the first encrypts, all decrypt."},
    {"accept.crypt_header", &Config::crypt_header, "Header that carries a token in Laravel's format."},
    {"accept.crypt_fields", &Config::crypt_fields,
     "Names of the members for user, time of issue and expiry."},
    {"accept.crypt_ttl", &Config::crypt_ttl, "Life of a token in Laravel's format."},
    {"accept.foreign_file", &Config::foreign_file,
     "File with the issuers of an older system whose JWTs are accepted; empty: none."},
    {"cors.origins", &Config::origins, "Other origins whose pages may call this server with credentials."},
    {"metrics.listen", &Config::metrics_listen, "Address and port for /metrics; empty: off."},
    {"log.access", &Config::log_access, "One log line for each request."},
    {"store.url", &Config::store_url,
     "sqlite:FILE, a file in the data directory; or postgres://USER@HOST/DATABASE, for several nodes."},
    {"store.password_file", &Config::store_password_file,
     "File with the password of PostgreSQL; empty: libpq's variables and files decide."},
    {"store.connections", &Config::store_connections,
     "Connections of each node to PostgreSQL; one more listens."},
    {"store.listen_url", &Config::store_listen_url,
     "Address of the connection that listens, without a pooler such as pgbouncer; empty: store.url."},
    {"store.sealing_key_file", &Config::store_sealing_key_file,
     "File with the key that seals the keys in the store; the same on all nodes. Created if it is missing."},
};

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (u < 0x20 || u == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", u);
            out += escaped;
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string expected_for(const Member& member) {
    return std::visit(
        Overloaded{[](std::string Config::*) { return "a string"; },
                   [](bool Config::*) { return "true or false"; },
                   [](std::int64_t Config::*) { return "a whole number"; },
                   [](base::Duration Config::*) { return "a duration such as 30s, 15m, 12h or 7d"; },
                   [](std::vector<std::string> Config::*) { return "a list of strings"; }},
        member);
}

const Key* find_key(std::string_view name) {
    const auto* row = std::find_if(std::begin(keys), std::end(keys),
                                   [&](const Key& key) { return key.name == name; });
    return row == std::end(keys) ? nullptr : row;
}

// How many letters must change: names the key that was probably meant.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j)
            diagonal = std::exchange(
                row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])}));
    }
    return row[b.size()];
}

// Letters, digits and /-._~, and not a path of ours.
bool is_free_path(std::string_view path) {
    constexpr std::string_view ours[] = {"/api/v1/", "/oauth2/", "/.well-known/", "/sdk/",  "/dev/",
                                         "/healthz", "/readyz",  "/openapi.json", "/page.", "/icon.svg"};
    const auto is_plain = [](unsigned char c) {
        return std::isalnum(c) ||
               std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
    };
    return path.starts_with('/') && path.size() > 1 && path.size() <= 200 &&
           std::ranges::all_of(path, is_plain) &&
           std::ranges::none_of(ours, [&](std::string_view own) { return path.starts_with(own); });
}

// A field name (RFC 9110 §5.1) that we read nothing else from.
bool is_free_header(std::string_view name) {
    constexpr std::string_view ours[] = {"authorization",
                                         "cookie",
                                         "origin",
                                         "host",
                                         "x-token",
                                         "x-user",
                                         "x-coatcheck",
                                         "content-type",
                                         "content-length",
                                         "connection",
                                         "transfer-encoding",
                                         "sec-fetch-site",
                                         "if-none-match",
                                         "last-event-id",
                                         "accept",
                                         "expect",
                                         "user-agent"};
    std::string small(name);
    std::ranges::transform(small, small.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '-'; };
    return !small.empty() && small.size() <= 64 && std::ranges::all_of(small, is_plain) &&
           std::ranges::find(ours, small) == std::end(ours) && !small.starts_with("x-forwarded-");
}

[[noreturn]] void unknown_key(const std::string& where, std::string_view name) {
    const auto* nearest = std::min_element(std::begin(keys), std::end(keys), [&](const Key& a, const Key& b) {
        return distance(a.name, name) < distance(b.name, name);
    });
    std::string text = where + ": there is no key " + std::string(name);
    if (distance(nearest->name, name) <= 4) text += "; did you mean " + std::string(nearest->name) + "?";
    throw ConfigError(text);
}

[[noreturn]] void bad_value(const std::string& where, std::string_view key, std::string_view value,
                            std::string_view expected) {
    throw ConfigError(where + ": " + std::string(key) + " needs " + std::string(expected) + ", not " +
                      std::string(value));
}

// Of postgres://user:password@host/database?password=…, which would show in process lists and where
// configurations are printed.
bool has_password(std::string_view url) {
    const auto after_scheme = url.substr(url.find("://") + 3);
    const auto authority = after_scheme.substr(0, after_scheme.find_first_of("/?"));
    const auto at = authority.rfind('@');
    return (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) ||
           url.find("password=") != std::string_view::npos;
}

void set_text(Config& config, const Key& key, const std::string& value, const std::string& where) {
    const auto bad = [&] { bad_value(where, key.name, in_quotes(value), expected_for(key.member)); };
    std::visit(Overloaded{[&](std::string Config::*m) { config.*m = value; },
                          [&](bool Config::*m) {
                              if (value != "true" && value != "false") bad();
                              config.*m = value == "true";
                          },
                          [&](std::int64_t Config::*m) {
                              const auto number = base::parse_number<std::int64_t>(value);
                              if (!number) bad();
                              config.*m = *number;
                          },
                          [&](base::Duration Config::*m) {
                              const auto duration = base::parse_duration(value);
                              if (!duration) bad();
                              config.*m = *duration;
                          },
                          [&](std::vector<std::string> Config::*m) {  // commas between
                              std::vector<std::string> list;
                              std::istringstream parts(value);
                              for (std::string part; std::getline(parts, part, ',');) list.push_back(part);
                              config.*m = list;
                          }},
               key.member);
    config.origin[std::string(key.name)] = where;
}

void set_node(Config& config, const Key& key, const toml::node& node, const std::string& where) {
    const auto bad = [&] {
        std::ostringstream value;
        node.visit([&](const auto& n) { value << n; });
        bad_value(where, key.name, value.str(), expected_for(key.member));
    };
    std::visit(Overloaded{[&](std::string Config::*m) {
                              if (!node.is_string()) bad();
                              config.*m = **node.as_string();
                          },
                          [&](bool Config::*m) {
                              if (!node.is_boolean()) bad();
                              config.*m = **node.as_boolean();
                          },
                          [&](std::int64_t Config::*m) {
                              if (!node.is_integer()) bad();
                              config.*m = **node.as_integer();
                          },
                          [&](base::Duration Config::*m) {
                              const auto duration = node.is_string()
                                                        ? base::parse_duration(**node.as_string())
                                                        : std::nullopt;
                              if (!duration) bad();
                              config.*m = *duration;
                          },
                          [&](std::vector<std::string> Config::*m) {
                              if (!node.is_array()) bad();
                              std::vector<std::string> list;
                              for (const auto& element : *node.as_array()) {
                                  if (!element.is_string()) bad();
                                  list.push_back(**element.as_string());
                              }
                              config.*m = list;
                          }},
               key.member);
    config.origin[std::string(key.name)] = where;
}

void read_table(Config& config, const toml::table& table, const std::string& prefix,
                const std::string& file) {
    for (const auto& [name, node] : table) {
        const std::string full = prefix + std::string(name.str());
        const std::string where = file + ":" + std::to_string(node.source().begin.line);
        if (const Key* key = find_key(full)) {
            set_node(config, *key, node, where);
        } else if (node.is_table() && prefix.empty()) {
            const auto section = full + ".";
            if (std::none_of(std::begin(keys), std::end(keys),
                             [&](const Key& k) { return k.name.starts_with(section); }))
                throw ConfigError(where + ": there is no section [" + full + "]");
            read_table(config, *node.as_table(), section, file);
        } else {
            unknown_key(where, full);
        }
    }
}

std::string variable_of(std::string_view key) {
    std::string name = "COATCHECK_";
    for (char c : key)
        name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

void read_environment(Config& config, const std::vector<std::pair<std::string, std::string>>& environment) {
    for (const auto& [variable, value] : environment) {
        const std::string& name = variable;
        if (!name.starts_with("COATCHECK_")) continue;
        const auto* key = std::find_if(std::begin(keys), std::end(keys),
                                       [&](const Key& k) { return variable_of(k.name) == name; });
        if (key != std::end(keys)) {
            set_text(config, *key, value, name);
            continue;
        }
        // Kubernetes makes such variables for every service that is called coatcheck.
        if (name.starts_with("COATCHECK_SERVICE_") || name.starts_with("COATCHECK_PORT")) continue;
        if (name == "COATCHECK_DATA" || name == "COATCHECK_CONFIG") continue;
        throw ConfigError(name + ": no configuration key belongs to this environment variable");
    }
}

std::string literal(const Config& config, const Member& member) {
    return std::visit(
        Overloaded{[&](std::string Config::*m) { return in_quotes(config.*m); },
                   [&](bool Config::*m) { return std::string(config.*m ? "true" : "false"); },
                   [&](std::int64_t Config::*m) { return std::to_string(config.*m); },
                   [&](base::Duration Config::*m) { return in_quotes(base::format_duration(config.*m)); },
                   [&](std::vector<std::string> Config::*m) {
                       std::string list;
                       for (const auto& text : config.*m)
                           list += (list.empty() ? "" : ", ") + in_quotes(text);
                       return "[" + list + "]";
                   }},
        member);
}

}  // namespace

std::span<const Key> config_keys() { return keys; }

void read_toml(Config& config, std::string_view text, const std::string& name) {
    read_table(config, parse_toml(text, name), "", name);
}

Config load_config(const ConfigSources& sources) {
    Config config;
    config.dev = sources.dev;
    if (!sources.file.empty()) {
        std::ifstream file(sources.file);
        std::ostringstream text;
        if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
        if (!file.is_open() || file.bad() || text.bad()) throw ConfigError(sources.file + ": cannot be read");
        read_toml(config, text.str(), sources.file);
    }
    read_environment(config, sources.environment);
    for (const auto& setting : sources.settings) {
        const auto sign = setting.find('=');
        if (sign == std::string::npos) throw ConfigError("--set " + setting + ": must be key=value");
        const std::string name = setting.substr(0, sign);
        const Key* key = find_key(name);
        if (key == nullptr) unknown_key("--set", name);
        set_text(config, *key, setting.substr(sign + 1), "--set");
    }
    for (const auto& [name, value] : sources.flags)
        set_text(config, *find_key(name), value, "the command line");
    check_config(config);
    return config;
}

bool HostPort::is_loopback() const { return host == "::1" || host.starts_with("127."); }

std::optional<HostPort> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    HostPort out;
    const auto port = base::parse_number<std::uint16_t>(text.substr(colon + 1));
    if (!port) return std::nullopt;
    out.port = *port;
    std::string_view host = text.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    unsigned char bytes[16];
    if (host.starts_with('[') && host.ends_with(']')) {
        out.host = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, out.host.c_str(), bytes) != 1) return std::nullopt;
    } else {
        out.host = host;
        if (inet_pton(AF_INET, out.host.c_str(), bytes) != 1) return std::nullopt;
    }
    return out;
}

bool is_origin(std::string_view text) {
    const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    if (scheme == 0) return false;
    std::string_view host = text.substr(scheme);
    const auto bracket = host.find(']');
    if (const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
        colon != std::string_view::npos) {
        const std::string_view port = host.substr(colon + 1);
        if (!base::parse_number<std::uint16_t>(port, 1)) return false;
        if (port == (scheme == 8 ? "443" : "80")) return false;  // browsers leave it out

        host = host.substr(0, colon);
    }
    if (host.starts_with('[')) {
        unsigned char bytes[16];
        return host.ends_with(']') &&
               inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), bytes) == 1;
    }
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !host.empty() && is_letter(host.front()) && is_letter(host.back()) &&
           std::all_of(host.begin(), host.end(),
                       [&](char c) { return is_letter(c) || c == '.' || c == '-'; });
}

namespace {

[[noreturn]] void refuse(const Config& config, std::string_view key, const std::string& why) {
    const auto row = config.origin.find(key);
    const std::string where = row == config.origin.end() ? "the default" : row->second;
    throw ConfigError(where + ": " + std::string(key) + " " + why);
}

void check_store(const Config& config) {
    for (const auto& [key, url] :
         {std::pair{"store.url", config.store_url}, std::pair{"store.listen_url", config.store_listen_url}}) {
        if (store::is_postgres(url) && has_password(url))
            refuse(config, key,
                   "must not hold a password: put it into a file that only this server can read, and name "
                   "that file in store.password_file");
    }
    // The lock is on the data directory: a database elsewhere could be served twice.
    const auto& url = config.store_url;
    const bool is_file = url.starts_with("sqlite:") && url.size() > 7 && url.find('/') == std::string::npos;
    if (!is_file && !store::is_postgres(url))
        refuse(config, "store.url",
               "needs sqlite:FILE, a file in the data directory, or postgres://USER@HOST/DATABASE, not " +
                   in_quotes(url));
    if (!config.store_listen_url.empty() && !store::is_postgres(config.store_listen_url))
        refuse(config, "store.listen_url",
               "needs postgres://USER@HOST/DATABASE, or nothing, not " + in_quotes(config.store_listen_url));
    if (config.store_connections < 1 || config.store_connections > 200)
        refuse(config, "store.connections",
               "needs 1 to 200, not " + std::to_string(config.store_connections));
    if (config.store_sealing_key_file.empty())
        refuse(config, "store.sealing_key_file", "needs the name of a file");
}

}  // namespace

void check_config(const Config& config) {
    const auto refuse = [&](std::string_view key, const std::string& why) { app::refuse(config, key, why); };
    if (!is_origin(config.public_url))
        refuse("public_url",
               "needs http:// or https://, a host in lower case, an optional port and nothing else, not " +
                   in_quotes(config.public_url));
    const auto listen = parse_listen(config.listen);
    if (!listen)
        refuse("listen",
               "needs ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080, not " + in_quotes(config.listen));
    if (config.dev && !listen->is_loopback())
        refuse("listen",
               "must be a loopback address with --dev: cookies would cross the network unencrypted");
    if (!listen->is_loopback() && !config.behind_proxy)
        refuse("listen",
               "is not a loopback address, and passwords would cross the network unencrypted: put a proxy "
               "with TLS in front and set behind_proxy = true");
    for (const auto& proxy : config.trusted_proxies)
        if (!http::Network::parse(proxy))
            refuse("trusted_proxies",
                   "needs addresses or blocks such as 10.0.0.0/8, not " + in_quotes(proxy));
    if (!crypto::algorithm_named(config.algorithm))
        refuse("tokens.algorithm", "needs ES256, RS256, PS256 or EdDSA, not " + in_quotes(config.algorithm));
    const auto within = [&](std::string_view key, base::Duration value, base::Duration least,
                            base::Duration most) {
        if (value < least || value > most)
            refuse(key, "needs " + base::format_duration(least) + " to " + base::format_duration(most) +
                            ", not " + base::format_duration(value));
    };
    if (config.token_format != "jwt" && config.token_format != "jwe" && config.token_format != "any")
        refuse("tokens.format", "needs jwt, jwe or any, not " + in_quotes(config.token_format));
    if (config.token_format != "jwt" && config.encryption_key_file.empty())
        refuse("tokens.encryption_key_file", "needs a file with the keys");
    using std::chrono::hours, std::chrono::seconds, std::chrono::minutes;
    within("tokens.access_ttl", config.access_ttl, seconds(1), hours(24));
    within("tokens.key_rotation", config.key_rotation, minutes(1), hours(24 * 3650));
    within("sessions.absolute", config.absolute, seconds(1), hours(24 * 400));
    within("sessions.idle", config.idle, seconds(1), hours(24 * 400));
    within("sessions.refresh_grace", config.refresh_grace, std::chrono::milliseconds(1), minutes(10));
    if (config.min_password < 8 || config.min_password > 128)
        refuse("passwords.min_length", "needs 8 to 128, not " + std::to_string(config.min_password));
    for (const auto& [key, day] :
         {std::pair{"accept.bare_authorization_until", config.bare_authorization_until},
          std::pair{"accept.x_token_until", config.x_token_until},
          std::pair{"accept.envelope_until", config.envelope_until},
          std::pair{"accept.crypt_until", config.crypt_until}})
        if (!day.empty() && !base::parse_day_end(day))
            refuse(key, "needs a day such as 2027-01-31, or nothing, not " + in_quotes(day));
    const auto& path = config.envelope_path;
    if (!path.empty() && !is_free_path(path))
        refuse("accept.envelope_path",
               "needs a path such as /login that no route uses, or nothing, not " + in_quotes(path));
    if (config.crypt_cipher != "AES-256-CBC" && config.crypt_cipher != "AES-256-GCM")
        refuse("accept.crypt_cipher",
               "needs AES-256-CBC or AES-256-GCM, not " + in_quotes(config.crypt_cipher));
    within("accept.crypt_ttl", config.crypt_ttl, minutes(1), hours(24 * 30));
    if (config.crypt && config.crypt_key_file.empty())
        refuse("accept.crypt_key_file", "needs a file with the keys");
    if (!is_free_header(config.crypt_header))
        refuse("accept.crypt_header", "needs the name of a header that Coatcheck does not use already, not " +
                                          in_quotes(config.crypt_header));
    const std::set<std::string> fields(config.crypt_fields.begin(), config.crypt_fields.end());
    if (config.crypt_fields.size() != 3 || fields.size() != 3 || fields.contains("") ||
        fields.contains("session") || fields.contains("ver"))
        refuse("accept.crypt_fields",
               "needs three different names, for the user, the time of issue and the time of expiry; session "
               "and ver are reserved");
    for (const auto& origin : config.origins)
        if (!is_origin(origin))
            refuse("cors.origins",
                   "needs complete origins such as https://app.example.com, without a path or *, not " +
                       in_quotes(origin));
    if (!config.metrics_listen.empty() && !parse_listen(config.metrics_listen))
        refuse("metrics.listen", "needs ADDRESS:PORT, or nothing, not " + in_quotes(config.metrics_listen));
    check_store(config);
}

std::string print_value(const Config& config, const Key& key) { return literal(config, key.member); }

std::string print_config(const Config& config) {
    std::string out, section;
    for (const Key& key : keys) {
        const auto dot = key.name.find('.');
        const std::string_view in = dot == std::string_view::npos ? "" : key.name.substr(0, dot);
        if (in != section) out.append("\n[").append(section = in).append("]\n");
        std::string line(dot == std::string_view::npos ? key.name : key.name.substr(dot + 1));
        line += " = " + print_value(config, key);
        line.resize(std::max<std::size_t>(line.size() + 1, 42), ' ');
        out.append(line).append("# ").append(key.comment).append("\n");
    }
    return out;
}

}  // namespace coatcheck::app
