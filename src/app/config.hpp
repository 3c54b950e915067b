// SPDX-License-Identifier: Apache-2.0
// Configuration: defaults, then a TOML file, then COATCHECK_* environment, then flags. One table names every
// key.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coatcheck::app {

struct Config {
    std::string public_url = "http://localhost:8080";
    std::string listen = "127.0.0.1:8080";
    bool behind_proxy = false;
    std::vector<std::string> trusted_proxies;
    std::string algorithm = "ES256";
    base::Duration access_ttl = std::chrono::minutes(15);
    std::string audience;  // empty: public_url
    base::Duration key_rotation = std::chrono::hours(24 * 90);
    base::Duration idle = std::chrono::hours(24 * 7);
    base::Duration absolute = std::chrono::hours(24 * 30);
    base::Duration refresh_grace = std::chrono::seconds(30);
    bool sign_up = false;
    std::int64_t min_password = 15;
    bool bare_authorization = false, x_token = false, envelope = false, crypt = false;
    std::string bare_authorization_until, x_token_until, envelope_until,
        crypt_until;  // the last day, such as 2027-01-31; empty: no end
    std::string envelope_path;
    std::string crypt_cipher = "AES-256-CBC", crypt_key_file = "crypt-keys", crypt_header = "AccessToken";
    std::vector<std::string> crypt_fields{"user_id", "time_stamp", "expire_on"};
    base::Duration crypt_ttl = std::chrono::hours(48);
    std::string foreign_file;
    std::string token_format = "jwt";
    bool status_list = false;
    std::string encryption_key_file = "token-keys";
    std::vector<std::string> origins;
    std::string metrics_listen;  // empty: off
    bool log_access = false;
    std::string store_url = "sqlite:coatcheck.db";
    std::string store_password_file, store_listen_url;
    std::int64_t store_connections = 8;
    std::string store_sealing_key_file = "master.key";

    // Not keys of the file.
    bool dev = false;
    // Where each key that is not a default was set: "file:line", a variable, or a flag.
    std::map<std::string, std::string, std::less<>> origin;
};

using Member = std::variant<std::string Config::*, bool Config::*, std::int64_t Config::*,
                            base::Duration Config::*, std::vector<std::string> Config::*>;
struct Key {
    std::string_view name;  // "section.key", or "key"
    Member member;
    std::string_view comment;
};
std::span<const Key> config_keys();

// A mistake in the configuration; what() says where it is and what was expected.
struct ConfigError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct ConfigSources {
    std::string file;  // empty: none
    std::vector<std::pair<std::string, std::string>>
        environment;                                         // all variables; those of others are passed over
    std::vector<std::string> settings;                       // "key=value"
    std::vector<std::pair<std::string, std::string>> flags;  // key, value: as named by their own flags
    bool dev = false;
};
// Reads and checks everything; throws ConfigError.
Config load_config(const ConfigSources& sources);
// The same on the text of a TOML file alone. `name` stands for the file in messages.
void read_toml(Config& config, std::string_view text, const std::string& name);
void check_config(const Config& config);

// The value of one key, as TOML (and JSON) writes it.
std::string print_value(const Config& config, const Key& key);
// The whole configuration as TOML, each key with its comment.
std::string print_config(const Config& config);

struct HostPort {
    std::string host;  // an IP address; "localhost" is read as 127.0.0.1
    std::uint16_t port = 0;
    bool is_loopback() const;
};
// "HOST:PORT" or "[IPv6]:PORT"; nothing if it is neither.
std::optional<HostPort> parse_listen(std::string_view text);
// True for scheme://host[:port] in lower case with nothing after it, http or https.
bool is_origin(std::string_view text);

}  // namespace coatcheck::app
