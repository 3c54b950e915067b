// SPDX-License-Identifier: Apache-2.0
// The syntax of configuration values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::app {

struct HostPort {
    std::string host;  // an IP address; "localhost" is read as 127.0.0.1
    std::uint16_t port = 0;
    bool is_loopback() const;
};
// Reads "HOST:PORT" or "[IPv6]:PORT". nullopt: it is neither.
std::optional<HostPort> parse_listen(std::string_view text);
// True for scheme://host[:port] in lower case with nothing after it, http or https.
bool is_origin(std::string_view text);
// True for the origin of an app in a web view or of a browser extension, such as capacitor://localhost or
// chrome-extension://ID: scheme://host in lower case, with a scheme that is not the web's or the browser's.
bool is_app_origin(std::string_view text);
// True for a path of letters, digits and /-._~ that does not begin like one of our routes.
bool is_free_path(std::string_view path);
// True for a field name (RFC 9110 §5.1) of letters, digits and -, which the server does not use already.
bool is_free_header(std::string_view name);
// True for postgres://user:password@host or ?password=: such a password would be visible in process lists and
// in printed configurations.
bool has_password(std::string_view url);
// The text as a string of TOML and JSON.
std::string in_quotes(std::string_view text);

}  // namespace coatcheck::app
