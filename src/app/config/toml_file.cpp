// SPDX-License-Identifier: Apache-2.0
#include "app/config/toml_file.hpp"

#include "app/config/config.hpp"
#include "app/private_file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <sstream>

namespace coatcheck::app {

toml::table parse_toml(std::string_view written, const std::string& name) {
    std::string text(written);
    make_plain(text);
    // Outside of strings, many letters beyond ASCII make toml++ 3.3 run into undefined behaviour. So they are
    // escaped here: an escape is a syntax error outside of strings, means the same letter between double
    // quotes, and does no harm in comments. Between single quotes it would be taken as text, so that is
    // refused.
    const auto ascii = base::escape_non_ascii(text);
    std::istringstream lines{text};
    std::size_t number = 0;
    for (std::string line; ++number, std::getline(lines, line);) {
        const auto beyond = std::find_if(line.begin(), line.end(),
                                         [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        if (!base::escape_non_ascii(line))
            throw ConfigError(name + ":" + std::to_string(number) + ": is not UTF-8");
        const std::string before(line.begin(), beyond);
        if (beyond != line.end() && before.find('\'') != std::string::npos &&
            before.find('#') == std::string::npos)
            throw ConfigError(name + ":" + std::to_string(number) +
                              ": put letters outside ASCII between double quotes");
    }
    try {
        return toml::parse(*ascii, name);
    } catch (const toml::parse_error& error) {
        throw ConfigError(name + ":" + std::to_string(error.source().begin.line) + ": " +
                          std::string(error.description()));
    }
}

}  // namespace coatcheck::app
