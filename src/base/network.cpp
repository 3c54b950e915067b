// SPDX-License-Identifier: Apache-2.0
#include "base/network.hpp"

#include <arpa/inet.h>

#include <array>

namespace coatcheck::base {

std::string network_of(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), bytes.data()) != 1) return address;
    return std::string(reinterpret_cast<const char*>(bytes.data()), 8);
}

}  // namespace coatcheck::base
