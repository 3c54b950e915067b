// SPDX-License-Identifier: Apache-2.0
// Finds the address of a client behind proxies. X-Forwarded-* headers count only if a trusted proxy sent
// them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::http {

// An address block such as 10.0.0.0/8 or ::1/128, or a single address. IPv4 is kept as IPv4-mapped IPv6.
struct Network {
    std::array<unsigned char, 16> bytes{};
    int prefix_bits = 128;

    static std::optional<Network> parse(std::string_view text);
    bool contains(const Network& address) const;
};

// Returns the right-most address in X-Forwarded-For that is not a trusted proxy, because a client could
// invent everything to the left of it. An entry may have a port, brackets and quotes (RFC 7239 §6). If there
// is no such address, or an entry is not an address, returns the address to the right of that place: that of
// the last trusted proxy, or the peer; then `unreadable` is the entry. Returns the peer if it is not a
// trusted proxy.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<Network>& trusted, std::string_view& unreadable);

bool is_trusted(const std::string& peer, const std::vector<Network>& trusted);

}  // namespace coatcheck::http
