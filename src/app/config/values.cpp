// SPDX-License-Identifier: Apache-2.0
#include "app/config/values.hpp"

#include "base/numbers.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <cctype>
#include <cstdio>

namespace coatcheck::app {

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

bool is_app_origin(std::string_view text) {
    // Pages of these have no origin of their own ("null"), or are not apps.
    constexpr std::string_view others[] = {"http", "https", "ws",         "wss",        "ftp",  "file",
                                           "data", "blob",  "filesystem", "javascript", "about"};
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return false;
    const auto scheme = text.substr(0, colon), host = text.substr(colon + 3);
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !scheme.empty() && scheme.front() >= 'a' && scheme.front() <= 'z' && !host.empty() &&
           std::ranges::all_of(scheme,
                               [&](char c) { return is_plain(c) || c == '+' || c == '-' || c == '.'; }) &&
           std::ranges::all_of(host,
                               [&](char c) { return is_plain(c) || c == '-' || c == '.' || c == '_'; }) &&
           std::ranges::find(others, scheme) == std::end(others);
}

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

bool has_password(std::string_view url) {
    const auto after_scheme = url.substr(url.find("://") + 3);
    const auto authority = after_scheme.substr(0, after_scheme.find_first_of("/?"));
    const auto at = authority.rfind('@');
    return (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) ||
           url.find("password=") != std::string_view::npos;
}

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

}  // namespace coatcheck::app
