// SPDX-License-Identifier: Apache-2.0
// What the edge is told at start.
#pragma once

#include "web/forwarded.hpp"

#include "base/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace coatcheck::web {

struct Endpoint {
    std::string host;  // an IP address
    std::uint16_t port = 0;
};

// Ways of the clients of older APIs (docs/dialects.md).
enum class Dialect { bare_authorization, x_token, envelope, crypt, foreign };
inline constexpr std::array<std::string_view, 5> dialect_names{"bare_authorization", "x_token", "envelope",
                                                               "crypt", "foreign"};

struct Settings {
    std::string public_url = "http://localhost:8080";
    std::string origin = "http://localhost:8080";        // of public_url
    std::set<std::string, std::less<>> allowed_origins;  // besides our own
    std::vector<Network> trusted_proxies;
    bool dev = false;
    // Until when each is taken; nothing: it is off.
    std::array<std::optional<base::Timestamp>, dialect_names.size()> dialects{};
    std::string crypt_header;   // where encrypted tokens come
    std::string envelope_path;  // another path for that way to sign in; empty: none

    // The dialect is taken at this time.
    bool takes(Dialect dialect, base::Timestamp now) const {
        const auto& until = dialects[static_cast<std::size_t>(dialect)];
        return until && now < *until;
    }
    bool log_access = false;
    bool hsts = false;  // public_url is https

    // Beyond, new connections wait: the store and the operator need descriptors as well.
    std::uint64_t max_connections_per_loop = 100000;

    // Deadlines of a connection.
    std::chrono::seconds header_time{10}, body_time{10}, write_time{20}, idle_time{75};
};

}  // namespace coatcheck::web
