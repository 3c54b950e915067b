// SPDX-License-Identifier: Apache-2.0
// The configuration: defaults, which a TOML file overrides, which COATCHECK_* variables override, which flags
// override. One table, in keys.cpp, has every key with its comment and its check.
#pragma once

#include "auth/types.hpp"
#include "base/time.hpp"
#include "store/open.hpp"
#include "web/settings.hpp"

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

// If a room takes settings as they are, that room's struct has their defaults.
struct Config {
    auth::Policy policy;  // [tokens] access_ttl, audience, status_list; [sessions]; [sign_up]; [passwords]
    web::Settings web;    // public_url; [accept] envelope_path, crypt_header; [log]
    store::Place store;   // [store] url, listen_url, connections

    std::string listen = "127.0.0.1:8080";
    bool behind_proxy = false;
    std::vector<std::string> trusted_proxies;
    base::Duration drain = std::chrono::seconds(5);
    std::string algorithm = "ES256";
    base::Duration key_rotation = std::chrono::hours(24 * 90);
    std::string token_format = "jwt";
    std::string encryption_key_file = "token-keys";
    bool bare_authorization = false, x_token = false, envelope = false, crypt = false;
    // The last day of each dialect, such as 2027-01-31; empty: no end.
    std::string bare_authorization_until, x_token_until, envelope_until, crypt_until;
    std::string crypt_cipher = "AES-256-CBC", crypt_key_file = "crypt-keys";
    std::vector<std::string> crypt_fields{"user_id", "time_stamp", "expire_on"};
    std::string foreign_file;
    std::vector<std::string> origins;
    std::string metrics_listen;  // empty: off
    base::Duration store_start_wait = std::chrono::seconds(30);
    std::string store_password_file;
    std::string store_sealing_key_file = "master.key";

    // The members below are not keys.
    bool dev = false;
    // Where each key was set that does not have its default: "file:line", a variable, or a flag.
    std::map<std::string, std::string, std::less<>> origin;
};

// Finds the value of a key in a configuration.
template <class T>
using Access = T& (*)(Config&);
using Member = std::variant<Access<std::string>, Access<bool>, Access<std::int64_t>, Access<base::Duration>,
                            Access<std::vector<std::string>>>;
// Returns what is wrong with the value, as "needs ..., not ...". Empty: the value is valid.
using Check = std::string (*)(const Config& config);
struct Key {
    std::string_view name;  // "section.key", or "key"
    Member member;
    std::string_view comment;
    Check check = nullptr;  // null: every value is valid
};
std::span<const Key> config_keys();
// nullptr: there is no such key.
const Key* find_key(std::string_view name);

// A mistake in the configuration. what() says where it is, and what is needed.
struct ConfigError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct ConfigSources {
    std::string file;  // empty: none
    // All environment variables. Those that do not begin with COATCHECK_ are ignored.
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> settings;                       // --set: "key=value"
    std::vector<std::pair<std::string, std::string>> flags;  // key, value: from flags such as --listen
    bool dev = false;
};
// Reads all sources and checks the result. Throws ConfigError.
Config load_config(const ConfigSources& sources);
// Reads the text of a TOML file into `config`, without checking it. Throws ConfigError, which calls the file
// `name`, for a syntax error, an unknown key or a value of the wrong type.
void read_toml(Config& config, std::string_view text, const std::string& name);
// Throws ConfigError for the first value that is not valid: where it was set, and what is needed.
void check_config(const Config& config);

// The value of one key in the syntax of TOML, which is also that of JSON.
std::string print_value(const Config& config, const Key& key);
// The whole configuration as TOML, each key with its comment.
std::string print_config(const Config& config);

}  // namespace coatcheck::app
