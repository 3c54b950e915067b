// SPDX-License-Identifier: Apache-2.0
#include "auth/types.hpp"

#include <arpa/inet.h>

#include <cstdlib>

namespace coatcheck::auth {

std::string_view name_of(Delivery delivery) {
    switch (delivery) {
        case Delivery::hybrid: return "hybrid";
        case Delivery::body: return "body";
        case Delivery::cookie: return "cookie";
    }
    std::abort();
}

std::optional<Delivery> delivery_named(std::string_view name) {
    for (auto d : {Delivery::hybrid, Delivery::body, Delivery::cookie})
        if (name == name_of(d)) return d;
    return std::nullopt;
}

std::string network_of(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
    return std::string(reinterpret_cast<const char*>(bytes.data()), 8);
}

}  // namespace coatcheck::auth
