// SPDX-License-Identifier: Apache-2.0
#include "app/config/config.hpp"
#include "app/config/overloaded.hpp"
#include "app/config/resources.hpp"
#include "app/config/values.hpp"

#include <algorithm>

namespace coatcheck::app {
namespace {

std::string literal(Config& config, const Member& member) {
    return std::visit(
        Overloaded{[&](Access<std::string> m) { return in_quotes(m(config)); },
                   [&](Access<bool> m) { return std::string(m(config) ? "true" : "false"); },
                   [&](Access<std::int64_t> m) { return std::to_string(m(config)); },
                   [&](Access<base::Duration> m) { return in_quotes(base::format_duration(m(config))); },
                   [&](Access<std::vector<std::string>> m) {
                       std::string list;
                       for (const auto& text : m(config))
                           list += (list.empty() ? "" : ", ") + in_quotes(text);
                       return "[" + list + "]";
                   }},
        member);
}

}  // namespace

std::string print_value(const Config& config, const Key& key) {
    Config copy = config;
    return literal(copy, key.member);
}

std::string print_config(const Config& config) {
    std::string out, section;
    for (const Key& key : config_keys()) {
        const auto dot = key.name.find('.');
        const std::string_view in = dot == std::string_view::npos ? "" : key.name.substr(0, dot);
        if (in != section) out.append("\n[").append(section = in).append("]\n");
        std::string line(dot == std::string_view::npos ? key.name : key.name.substr(dot + 1));
        line += " = " + print_value(config, key);
        line.resize(std::max<std::size_t>(line.size() + 1, 42), ' ');
        out.append(line).append("# ").append(key.comment).append("\n");
    }
    return out + print_resources(config);
}

}  // namespace coatcheck::app
