// SPDX-License-Identifier: Apache-2.0
// Each byte string has exactly one text: a text that decodes must encode to the same text again.
#include "base/bytes.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::base;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto bytes = from_base64url(text); bytes && base64url(*bytes) != text) std::abort();
    if (from_base64url(base64url(text)) != text) std::abort();
    (void)from_base64(text);
    return 0;
}
