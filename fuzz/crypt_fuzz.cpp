// SPDX-License-Identifier: Apache-2.0
// Reads the input as an encrypted token, and then as the plain text inside one.
#include "base/bytes.hpp"
#include "token/crypt_token.hpp"
#include "token/php_value.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const token::CryptFields fields;
    static const token::CryptKeys keys = [] {
        token::CryptKeys made{crypto::EnvelopeCipher::aes_256_gcm, {}};
        made.keys.emplace_back(std::string(32, 'k'));
        return made;
    }();
    if (const auto claims = token::read_crypt_token(text, fields, keys); claims && claims->user.empty())
        std::abort();
    (void)token::parse_php_value(text);
    if (size > 4096) return 0;  // a token holds no more than this
    const auto parts = crypto::encrypt(keys.cipher, keys.keys.front(), text);
    const std::string inside = base::base64(R"({"iv":")" + base::base64(parts.iv) + R"(","value":")" +
                                            base::base64(parts.value) + R"(","mac":"","tag":")" +
                                            base::base64(parts.tag) + "\"}");
    const auto claims = token::read_crypt_token(inside, fields, keys);
    if (claims && (claims->user.empty() || claims->user.size() > 64 ||
                   claims->session.empty() == claims->version.has_value()))
        std::abort();
    return 0;
}
