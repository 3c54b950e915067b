// SPDX-License-Identifier: Apache-2.0
#include "auth/types.hpp"

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

}  // namespace coatcheck::auth
