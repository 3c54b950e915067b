// SPDX-License-Identifier: Apache-2.0
#include "app/config/config.hpp"

#include "app/config/overloaded.hpp"
#include "app/config/resources.hpp"
#include "app/config/toml_file.hpp"
#include "app/config/values.hpp"
#include "app/edit_distance.hpp"
#include "base/numbers.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

namespace coatcheck::app {
namespace {

std::string expected_for(const Member& member) {
    return std::visit(
        Overloaded{[](Access<std::string>) { return "a string"; },
                   [](Access<bool>) { return "true or false"; },
                   [](Access<std::int64_t>) { return "a whole number"; },
                   [](Access<base::Duration>) { return "a duration such as 30s, 15m, 12h or 7d"; },
                   [](Access<std::vector<std::string>>) { return "a list of strings"; }},
        member);
}

[[noreturn]] void unknown_key(const std::string& where, std::string_view name) {
    const auto keys = config_keys();
    const auto nearest = std::min_element(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
        return edit_distance(a.name, name) < edit_distance(b.name, name);
    });
    std::string text = where + ": there is no key " + std::string(name);
    if (edit_distance(nearest->name, name) <= 4) text += "; did you mean " + std::string(nearest->name) + "?";
    throw ConfigError(text);
}

[[noreturn]] void bad_value(const std::string& where, std::string_view key, std::string_view value,
                            std::string_view expected) {
    throw ConfigError(where + ": " + std::string(key) + " needs " + std::string(expected) + ", not " +
                      std::string(value));
}

void set_node(Config& config, const Key& key, const toml::node& node, const std::string& where);

void set_text(Config& config, const Key& key, const std::string& value, const std::string& where) {
    const auto bad = [&] { bad_value(where, key.name, in_quotes(value), expected_for(key.member)); };
    std::visit(Overloaded{[&](Access<std::string> m) { m(config) = value; },
                          [&](Access<bool> m) {
                              if (value != "true" && value != "false") bad();
                              m(config) = value == "true";
                          },
                          [&](Access<std::int64_t> m) {
                              const auto number = base::parse_number<std::int64_t>(value);
                              if (!number) bad();
                              m(config) = *number;
                          },
                          [&](Access<base::Duration> m) {
                              const auto duration = base::parse_duration(value);
                              if (!duration) bad();
                              m(config) = *duration;
                          },
                          [&](Access<std::vector<std::string>> m) {  // as in TOML, or separated by commas
                              if (value.starts_with('['))
                                  return set_node(config, key, *parse_toml("x = " + value, where).get("x"),
                                                  where);
                              std::vector<std::string> list;
                              std::istringstream parts(value);
                              for (std::string part; std::getline(parts, part, ',');) list.push_back(part);
                              m(config) = list;
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
    std::visit(Overloaded{[&](Access<std::string> m) {
                              if (!node.is_string()) bad();
                              m(config) = **node.as_string();
                          },
                          [&](Access<bool> m) {
                              if (!node.is_boolean()) bad();
                              m(config) = **node.as_boolean();
                          },
                          [&](Access<std::int64_t> m) {
                              if (!node.is_integer()) bad();
                              m(config) = **node.as_integer();
                          },
                          [&](Access<base::Duration> m) {
                              const auto duration = node.is_string()
                                                        ? base::parse_duration(**node.as_string())
                                                        : std::nullopt;
                              if (!duration) bad();
                              m(config) = *duration;
                          },
                          [&](Access<std::vector<std::string>> m) {
                              if (!node.is_array()) bad();
                              std::vector<std::string> list;
                              for (const auto& element : *node.as_array()) {
                                  if (!element.is_string()) bad();
                                  list.push_back(**element.as_string());
                              }
                              m(config) = list;
                          }},
               key.member);
    config.origin[std::string(key.name)] = where;
}

void read_table(Config& config, const toml::table& table, const std::string& prefix,
                const std::string& file) {
    for (const auto& [name, node] : table) {
        const std::string full = prefix + std::string(name.str());
        const std::string where = file + ":" + std::to_string(node.source().begin.line);
        if (full == "resource" && node.is_array_of_tables()) {
            for (const auto& one : *node.as_array())
                read_resource(config, *one.as_table(), file + ":" + std::to_string(one.source().begin.line));
        } else if (const Key* key = find_key(full)) {
            set_node(config, *key, node, where);
        } else if (node.is_table() && prefix.empty()) {
            const auto section = full + ".";
            const auto keys = config_keys();
            if (std::none_of(keys.begin(), keys.end(),
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

// The settings of our verifiers for Node.js and PHP, whose API may run in the same environment.
bool is_of_a_verifier(std::string_view variable) {
    constexpr std::string_view names[] = {
        "URL",          "SERVICE_KEY",   "ISSUER",      "AUDIENCE",        "WHEN_CUT",
        "ORIGINS",      "ORIGIN",        "DEV",         "X_TOKEN",         "CRYPT_KEY",
        "CRYPT_CIPHER", "CRYPT_HEADER",  "CRYPT_UNTIL", "ENCRYPTION_KEYS", "BARE_AUTHORIZATION",
        "FOREIGN",      "ONLY_ENCRYPTED"};
    return std::ranges::find(names, variable.substr(std::string_view("COATCHECK_").size())) !=
           std::end(names);
}

void read_environment(Config& config, const std::vector<std::pair<std::string, std::string>>& environment) {
    for (const auto& [variable, value] : environment) {
        const std::string& name = variable;
        if (!name.starts_with("COATCHECK_")) continue;
        const auto keys = config_keys();
        const auto key = std::find_if(keys.begin(), keys.end(),
                                      [&](const Key& k) { return variable_of(k.name) == name; });
        if (key != keys.end()) {
            set_text(config, *key, value, name);
            continue;
        }
        // Kubernetes sets such variables for a service with the name coatcheck.
        if (name.starts_with("COATCHECK_SERVICE_") || name.starts_with("COATCHECK_PORT")) continue;
        if (name == "COATCHECK_DATA" || name == "COATCHECK_CONFIG" || is_of_a_verifier(name)) continue;
        throw ConfigError(name + ": no configuration key belongs to this environment variable");
    }
}

}  // namespace

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
    // A server that was only moved to another port of this machine is reached there.
    const auto listen = parse_listen(config.listen);
    if (!config.origin.contains("public_url") && listen && listen->is_loopback() && listen->port != 0)
        config.web.public_url = "http://localhost:" + std::to_string(listen->port);
    check_config(config);
    return config;
}

}  // namespace coatcheck::app
