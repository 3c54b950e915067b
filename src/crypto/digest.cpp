// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.hpp"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdexcept>

namespace coatcheck::crypto {
namespace {

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

std::string sha256(std::string_view bytes) {
    // OpenSSL uses the processor's SHA-256 instructions. Look the algorithm up only once: each look-up costs
    // as much as a short digest.
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::string out(crypto_hash_sha256_BYTES, '\0');
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                   algorithm, nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, octets(key), key.size());
    crypto_auth_hmacsha256_update(&state, octets(bytes), bytes.size());
    crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
    sodium_memzero(&state, sizeof state);
    return out;
}

}  // namespace coatcheck::crypto
