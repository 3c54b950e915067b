// SPDX-License-Identifier: Apache-2.0
#include "app/private_file.hpp"

#include "app/config/config.hpp"
#include "token/crypt_token.hpp"

#include <algorithm>
#include <fstream>

namespace coatcheck::app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t max_bytes = 65536;

[[noreturn]] void refuse(const fs::path& path, const std::string& setting, const std::string& what) {
    throw ConfigError(setting + ": " + path.string() + " " + what);
}

std::string read(const fs::path& path, const std::string& setting, const std::string& hint) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) refuse(path, setting, "cannot be read" + hint);
    std::ifstream file(path, std::ios::binary);
    std::string text(max_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) refuse(path, setting, "cannot be read" + hint);
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_bytes) refuse(path, setting, "is larger than 64 KiB");
    make_plain(text);
    return text;
}

}  // namespace

void make_plain(std::string& text) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (text.starts_with(mark)) text.erase(0, mark.size());
    for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) text.erase(at, 1);
}

base::Secret read_private_file(const fs::path& path, const std::string& setting, const std::string& hint) {
    base::Secret text(read(path, setting, hint.empty() ? "" : ". " + hint));
    if ((fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
        refuse(path, setting, "can be read by other users; run: chmod 600 " + path.string());
    return text;
}

std::vector<base::Secret> read_keys(const fs::path& path, const std::string& setting) {
    const base::Secret file = read_private_file(
        path, setting,
        "Make one:  (echo -n base64:; head -c 32 /dev/urandom | base64) > " + path.string() +
            " && chmod 600 " + path.string());
    std::vector<base::Secret> keys;
    std::string_view rest = file.reveal();
    for (int number = 1; !rest.empty(); ++number) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.empty() || line.starts_with('#')) continue;
        auto key = token::parse_app_key(line);
        if (!key)
            refuse(path, setting,
                   "line " + std::to_string(number) +
                       " is not a key in the form of APP_KEY: base64: and 32 bytes");
        keys.push_back(*std::move(key));
    }
    if (keys.empty()) refuse(path, setting, "holds no key");
    return keys;
}

std::string read_public_file(const fs::path& path, const std::string& setting) {
    return read(path, setting, "");
}

}  // namespace coatcheck::app
