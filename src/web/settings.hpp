// SPDX-License-Identifier: Apache-2.0
// What the edge is told at start.
#pragma once

#include "web/forwarded.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace coatcheck::web {

struct Endpoint {
    std::string host;  // an IP address
    std::uint16_t port = 0;
};

struct Settings {
    std::string public_url = "http://localhost:8080";
    std::string origin = "http://localhost:8080";  // of public_url
    std::set<std::string, std::less<>> allowed_origins;  // besides our own
    std::vector<Network> trusted_proxies;
    bool dev = false;
    bool bare_authorization = false;
    bool log_access = false;
    bool hsts = false;  // public_url is https

    // Beyond, new connections wait: the store and the operator need descriptors as well.
    std::uint64_t max_connections_per_loop = 100000;

    // Deadlines of a connection.
    std::chrono::seconds header_time{10}, body_time{10}, write_time{20}, idle_time{75};
};

}  // namespace coatcheck::web
