// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include "base/numbers.hpp"
#include "http/framing.hpp"

#include <arpa/inet.h>
#include <algorithm>

namespace coatcheck::http {
namespace {

// RFC 7239 §6.2: digits, or an underscore and a name that hides the port.
bool is_port(std::string_view text) {
    if (text.starts_with('_'))
        return text.size() > 1 && std::ranges::all_of(text, [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          c == '.' || c == '_' || c == '-';
               });
    return base::parse_number(text, 0, 65535).has_value();
}

// One entry of the list: an address, perhaps with a port, perhaps quoted (RFC 7239 §6, which has IPv6 in
// brackets), or IPv6 without brackets and port.
std::optional<Network> address_of(std::string_view entry) {
    if (entry.size() >= 2 && entry.front() == '"' && entry.back() == '"')
        entry = entry.substr(1, entry.size() - 2);
    std::string_view host = entry, rest;
    const bool has_brackets = entry.starts_with('[');
    if (has_brackets) {
        const auto end = entry.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = entry.substr(1, end - 1);
        rest = entry.substr(end + 1);
        if (host.find(':') == std::string_view::npos) return std::nullopt;
    } else if (std::ranges::count(entry, ':') == 1) {
        host = entry.substr(0, entry.find(':'));
        rest = entry.substr(host.size());
    }
    if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1)))) return std::nullopt;
    const auto address = Network::parse(host);
    return address && host.find('/') == std::string_view::npos ? address : std::nullopt;
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
                           const std::vector<Network>& trusted, std::string_view& unreadable) {
    if (!is_trusted(peer, trusted)) return peer;
    std::string client = peer;
    while (!forwarded_for.empty()) {
        const auto comma = forwarded_for.rfind(',');
        const auto start = comma == std::string_view::npos ? 0 : comma + 1;
        const auto entry = trimmed(forwarded_for.substr(start));
        const auto address = address_of(entry);
        if (!address) return unreadable = entry, client;
        client = text_of(*address);
        if (!holds(trusted, *address)) return client;
        forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    }
    return client;
}

}  // namespace coatcheck::http
