// SPDX-License-Identifier: Apache-2.0
// The encrypted form as it comes, with a key that nobody here has; and, sealed with it, whatever text comes
// out as it went in.
#include "token/jwe.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    static const token::EncryptionKeys keys = [] {
        token::EncryptionKeys made;
        made.push_back(token::encryption_key(base::Secret(std::string(32, 'k'))));
        return made;
    }();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)token::decrypt(text, keys);
    (void)token::parse_encryption_key(text);
    if (size > 4096) return 0;  // as much as a token has room for
    const auto sealed = token::encrypt(text, keys.front());
    const auto back = token::decrypt(sealed, keys);
    // Nothing at all leaves an empty part, which is no token.
    if (size > 0 && (!back || *back != text)) std::abort();
    return 0;
}
