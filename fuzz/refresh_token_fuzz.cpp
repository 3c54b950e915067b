// SPDX-License-Identifier: Apache-2.0
// An accepted refresh token must be exactly the text that write() makes with the same key.
#include "token/refresh_token.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    static const base::Secret key(std::string(32, 'k'));  // the corpus holds tokens made with it
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = token::RefreshToken::parse(text, 1, key);
    if (parsed && parsed->write(key) != text) std::abort();
    return 0;
}
