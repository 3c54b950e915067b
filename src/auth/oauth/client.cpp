// SPDX-License-Identifier: Apache-2.0
#include "auth/oauth/client.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/random.hpp"
#include "base/reason.hpp"

#include <algorithm>
#include <array>

namespace coatcheck::auth {
namespace {

using base::Denied;
using base::Reason;

constexpr std::array<std::string_view, 4> types{"web", "browser", "native", "service"};
constexpr std::array<std::string_view, 3> methods{"none", "client_secret_basic", "client_secret_post"};
constexpr std::array<std::string_view, 3> grants{"authorization_code", "refresh_token", "client_credentials"};

template <class Enum, std::size_t Size>
std::optional<Enum> named(const std::array<std::string_view, Size>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

constexpr std::array<std::string_view, 3> loopback_hosts{"127.0.0.1", "[::1]", "localhost"};

// The parts of scheme://authority/rest. `rest` begins with the first of / ? #, and may be empty.
struct Parts {
    std::string_view scheme, authority, rest;
};
std::optional<Parts> split(std::string_view uri) {
    const auto colon = uri.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view after = uri.substr(colon + 3);
    const auto end = std::min(after.find_first_of("/?#"), after.size());
    return Parts{uri.substr(0, colon), after.substr(0, end), after.substr(end)};
}

// The host and the port (with its colon) of an authority without a user.
std::pair<std::string_view, std::string_view> host_and_port(std::string_view authority) {
    const auto bracket = authority.rfind(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    return {authority.substr(0, colon), colon == std::string_view::npos ? "" : authority.substr(colon)};
}

bool is_loopback(const Parts& parts) {
    const auto host = host_and_port(parts.authority).first;
    return parts.scheme == "http" &&
           std::find(loopback_hosts.begin(), loopback_hosts.end(), host) != loopback_hosts.end();
}

// Empty, or a colon and a number up to 65535.
bool is_port(std::string_view port) {
    return port.empty() || base::parse_number<std::uint16_t>(port.substr(1)).has_value();
}

// RFC 8252 §7.1: a name that its owner controls, in reverse order, so it has a dot. That keeps out
// javascript, data, file and blob as well.
bool is_private_scheme(std::string_view scheme) {
    return scheme.find('.') != std::string_view::npos && scheme.front() >= 'a' && scheme.front() <= 'z' &&
           std::all_of(scheme.begin(), scheme.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
           });
}

}  // namespace

std::string_view name_of(ClientType type) { return types.at(static_cast<std::size_t>(type)); }
std::string_view name_of(ClientAuth method) { return methods.at(static_cast<std::size_t>(method)); }
std::string_view name_of(GrantType grant) { return grants.at(static_cast<std::size_t>(grant)); }
std::optional<ClientType> client_type_named(std::string_view name) { return named<ClientType>(types, name); }
std::optional<ClientAuth> client_auth_named(std::string_view name) {
    return named<ClientAuth>(methods, name);
}
std::optional<GrantType> grant_type_named(std::string_view name) { return named<GrantType>(grants, name); }

bool Client::may(GrantType grant) const {
    return std::find(grants.begin(), grants.end(), grant) != grants.end();
}

base::Result<std::string> checked_redirect_uri(std::string_view uri, ClientType type) {
    const auto refused = [&](const char* why) {
        return Denied{
            Reason::invalid_member, {}, std::string(uri.substr(0, 512)) + " " + why, "redirect_uris"};
    };
    constexpr std::size_t most = 512;
    if (uri.empty() || uri.size() > most) return refused("must have 1 to 512 bytes");
    if (!std::all_of(uri.begin(), uri.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; }))
        return refused("must be visible ASCII: percent-encode other characters");
    if (uri.find_first_of("#*<>\"\\^`{|}") != std::string_view::npos)
        return refused("must have no fragment, no * and no character that an address cannot have");
    const auto colon = uri.find(':');
    if (colon == std::string_view::npos || colon == 0) return refused("must begin with a scheme");
    const std::string_view scheme = uri.substr(0, colon);
    if (std::any_of(scheme.begin(), scheme.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return refused("must have its scheme in lower case");
    if (scheme == "https" || scheme == "http") {
        const auto parts = split(uri);
        if (!parts || parts->authority.empty()) return refused("has no host");
        if (parts->authority.find('@') != std::string_view::npos) return refused("must name no user");
        const auto [host, port] = host_and_port(parts->authority);
        if (host.empty() || !is_port(port)) return refused("has no valid host and port");
        if (std::any_of(host.begin(), host.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
            return refused("must have its host in lower case");
        if (scheme == "http" && !is_loopback(*parts))
            return refused("must use https; http is for 127.0.0.1, [::1] and localhost");
        return std::string(uri);
    }
    if (type != ClientType::native) return refused("must use https");
    if (!is_private_scheme(scheme))
        return refused("needs a scheme with a dot in lower case, such as com.example.app");
    return std::string(uri);
}

bool redirect_uri_matches(const Client& client, std::string_view uri) {
    const auto fits = [&](std::string_view registered) {
        if (registered == uri) return true;
        if (client.type != ClientType::native) return false;
        const auto wanted = split(uri), known = split(registered);
        if (!wanted || !known || !is_loopback(*wanted) || !is_loopback(*known)) return false;
        const auto [host, port] = host_and_port(wanted->authority);
        return host == host_and_port(known->authority).first && is_port(port) && wanted->rest == known->rest;
    };
    return std::any_of(client.redirect_uris.begin(), client.redirect_uris.end(), fits);
}

std::string_view origin_of_uri(std::string_view uri) {
    const auto parts = split(uri);
    if (!parts) return uri.substr(0, uri.find(':') + 1);
    return uri.substr(0, parts->scheme.size() + 3 + parts->authority.size());
}

bool has_secret(const Client& client, std::string_view secret) {
    const auto hash = crypto::SecretHash::of(secret);
    const bool is_present = !client.secret_hash.empty() && hash == client.secret_hash;
    const bool is_older = !client.older_secret_hash.empty() && hash == client.older_secret_hash;
    return is_present || is_older;
}

std::string new_client_secret() { return "ccc_" + base::base64url(base::random_bytes(32)); }

}  // namespace coatcheck::auth
