// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.hpp"

#include "base/random.hpp"

#include <sodium.h>

namespace coatcheck::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(sealing_key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

std::string seal(const base::Secret& key, std::string_view context, std::string_view plain) {
    std::string box = base::random_bytes(nonce_bytes);
    box.resize(nonce_bytes + plain.size() + tag_bytes);
    auto* out = reinterpret_cast<unsigned char*>(box.data());
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + nonce_bytes, nullptr, octets(plain), plain.size(),
                                               octets(context), context.size(), nullptr, out,
                                               octets(key.reveal()));
    return box;
}

std::optional<base::Secret> open(const base::Secret& key, std::string_view context, std::string_view box) {
    if (key.reveal().size() != sealing_key_bytes || box.size() < nonce_bytes + tag_bytes) return std::nullopt;
    std::string plain(box.size() - nonce_bytes - tag_bytes, '\0');
    const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, octets(box) + nonce_bytes,
        box.size() - nonce_bytes, octets(context), context.size(), octets(box), octets(key.reveal()));
    if (failed) return std::nullopt;
    return base::Secret(std::move(plain));
}

}  // namespace coatcheck::crypto
