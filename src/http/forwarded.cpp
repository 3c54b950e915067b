// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include "base/numbers.hpp"

#include <arpa/inet.h>
#include <algorithm>

namespace coatcheck::http {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::string text_of(const Network& address) {
    char text[INET6_ADDRSTRLEN] = {};
    const auto mapped = std::string_view("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    const auto* bytes = reinterpret_cast<const char*>(address.bytes.data());
    if (std::string_view(bytes, 12) == mapped) inet_ntop(AF_INET, bytes + 12, text, sizeof text);
    else inet_ntop(AF_INET6, bytes, text, sizeof text);
    return text;
}

bool holds(const std::vector<Network>& networks, const Network& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& n) { return n.contains(address); });
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    Network network;
    int most = 128;
    if (inet_pton(AF_INET, address.c_str(), network.bytes.data() + 12) == 1) {
        network.bytes[10] = network.bytes[11] = 0xff;
        most = 32;
    } else if (inet_pton(AF_INET6, address.c_str(), network.bytes.data()) != 1) {
        return std::nullopt;
    }
    int bits = most;
    if (slash != std::string_view::npos) {
        const auto length = base::parse_number(text.substr(slash + 1), 0, most);
        if (!length) return std::nullopt;
        bits = *length;
    }
    network.prefix_bits = bits + (128 - most);
    return network;
}

bool Network::contains(const Network& address) const {
    for (int bit = 0; bit < prefix_bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const int mask = 0x80 >> (bit % 8);
        if ((bytes[byte] & mask) != (address.bytes[byte] & mask)) return false;
    }
    return true;
}

bool is_trusted(const std::string& peer, const std::vector<Network>& trusted) {
    const auto address = Network::parse(peer);
    return address && holds(trusted, *address);
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<Network>& trusted) {
    if (!is_trusted(peer, trusted)) return peer;
    std::string client = peer;
    while (!forwarded_for.empty()) {
        const auto comma = forwarded_for.rfind(',');
        const auto start = comma == std::string_view::npos ? 0 : comma + 1;
        const auto address = Network::parse(trimmed(forwarded_for.substr(start)));
        if (!address || address->prefix_bits != 128) return client;
        client = text_of(*address);
        if (!holds(trusted, *address)) return client;
        forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    }
    return client;
}

}  // namespace coatcheck::http
