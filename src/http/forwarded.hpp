// SPDX-License-Identifier: Apache-2.0
// Who the client is when proxies stand in front: X-Forwarded-* count from trusted proxies alone.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::http {

// An address block such as 10.0.0.0/8, ::1/128 or a single address. IPv4 is kept as IPv4-mapped IPv6.
struct Network {
    std::array<unsigned char, 16> bytes{};
    int prefix_bits = 128;

    static std::optional<Network> parse(std::string_view text);
    bool contains(const Network& address) const;
};

// The right-most address in X-Forwarded-For that is not a trusted proxy: everything left of it could be made
// up. The peer itself where it is not trusted, or where the list makes no sense.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<Network>& trusted);

bool is_trusted(const std::string& peer, const std::vector<Network>& trusted);

}  // namespace coatcheck::http
