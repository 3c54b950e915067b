// SPDX-License-Identifier: Apache-2.0
// A JWK Set that was read can be written and read again, and then has the same keys.
#include "token/jwk.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::token;
    const auto keys = parse_jwk_set({reinterpret_cast<const char*>(data), size});
    if (!keys) return 0;
    const auto again = parse_jwk_set(write_jwk_set(*keys));
    if (!again || again->size() != keys->size()) std::abort();
    for (std::size_t i = 0; i < keys->size(); ++i)
        if ((*again)[i].key_id != (*keys)[i].key_id ||
            thumbprint((*again)[i].key) != thumbprint((*keys)[i].key))
            std::abort();
    return 0;
}
