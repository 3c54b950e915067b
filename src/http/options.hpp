// SPDX-License-Identifier: Apache-2.0
// The settings of the transport.
#pragma once

#include "http/forwarded.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::http {

struct Endpoint {
    std::string host;  // an IP address
    std::uint16_t port = 0;
};

struct Options {
    std::vector<Network> trusted_proxies;  // only their X-Forwarded-For counts
    // Called by each loop once, with the first entry of a trusted proxy's X-Forwarded-For that is no address.
    std::function<void(std::string_view)> on_unreadable_address = nullptr;
    bool hsts = false;  // add Strict-Transport-Security to each answer
    // The rest of the program needs file descriptors too. A new connection beyond this number takes the place
    // of the one that has waited for a request for the longest time.
    std::uint64_t max_connections_per_loop = 100000;
    // Connections of one address (IPv4 /32, IPv6 /64) that is no trusted proxy, on one loop; 0: no limit.
    std::uint64_t max_connections_per_address = 0;

    // A connection is closed if the client takes longer to send the header or the body, to read an answer,
    // or to send its next request.
    std::chrono::seconds header_time{10}, body_time{10}, write_time{20}, idle_time{75};
};

}  // namespace coatcheck::http
