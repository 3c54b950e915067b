// SPDX-License-Identifier: Apache-2.0
// Reads the input as an encrypted token. Then encrypts the input, which must decrypt to the same text.
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
    if (size > 4096) return 0;  // a token holds no more than this
    const auto sealed = token::encrypt(text, keys.front());
    const auto back = token::decrypt(sealed, keys);
    // An empty text gives a token with an empty part, which decrypt() refuses.
    if (size > 0 && (!back || *back != text)) std::abort();
    return 0;
}
