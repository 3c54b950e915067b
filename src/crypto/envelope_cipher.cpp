// SPDX-License-Identifier: Apache-2.0
#include "crypto/envelope_cipher.hpp"

#include "base/random.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <memory>
#include <stdexcept>

namespace coatcheck::crypto {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

void must(int result) {
    if (result == 1) return;
    ERR_clear_error();
    throw std::runtime_error("OpenSSL cannot encrypt");
}

const EVP_CIPHER* evp(EnvelopeCipher cipher) {
    return cipher == EnvelopeCipher::aes_256_cbc ? EVP_aes_256_cbc() : EVP_aes_256_gcm();
}

}  // namespace

Encrypted encrypt(EnvelopeCipher cipher, const base::Secret& key, std::string_view plain,
                  std::string_view beside) {
    if (key.reveal().size() != envelope_key_bytes)
        throw std::runtime_error("a key for AES-256 must have 32 bytes");
    const bool gcm = cipher == EnvelopeCipher::aes_256_gcm;
    Encrypted out{base::random_bytes(gcm ? gcm_iv_bytes : cbc_iv_bytes), std::string(plain.size() + 16, '\0'),
                  ""};
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int written = 0, last = 0;
    must(EVP_EncryptInit_ex(context.get(), evp(cipher), nullptr, octets(key.reveal()),
                            octets(std::string_view(out.iv))));
    if (!beside.empty())
        must(EVP_EncryptUpdate(context.get(), nullptr, &written, octets(beside),
                               static_cast<int>(beside.size())));
    must(EVP_EncryptUpdate(context.get(), octets(out.value), &written, octets(plain),
                           static_cast<int>(plain.size())));
    must(EVP_EncryptFinal_ex(context.get(), octets(out.value) + written, &last));
    out.value.resize(static_cast<std::size_t>(written + last));
    if (gcm) {
        out.tag.resize(gcm_tag_bytes);
        must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(gcm_tag_bytes),
                                 out.tag.data()));
    }
    return out;
}

std::optional<std::string> decrypt(EnvelopeCipher cipher, const base::Secret& key, const Encrypted& encrypted,
                                   std::string_view beside) {
    const bool gcm = cipher == EnvelopeCipher::aes_256_gcm;
    if (key.reveal().size() != envelope_key_bytes ||
        encrypted.iv.size() != (gcm ? gcm_iv_bytes : cbc_iv_bytes))
        return std::nullopt;
    if (encrypted.tag.size() != (gcm ? gcm_tag_bytes : 0)) return std::nullopt;
    std::string plain(encrypted.value.size() + 16, '\0'), tag = encrypted.tag;
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int written = 0, last = 0;
    must(EVP_DecryptInit_ex(context.get(), evp(cipher), nullptr, octets(key.reveal()),
                            octets(std::string_view(encrypted.iv))));
    if (gcm)
        must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(gcm_tag_bytes),
                                 tag.data()));
    if (!beside.empty())
        must(EVP_DecryptUpdate(context.get(), nullptr, &written, octets(beside),
                               static_cast<int>(beside.size())));
    const bool good = EVP_DecryptUpdate(context.get(), octets(plain), &written,
                                        octets(std::string_view(encrypted.value)),
                                        static_cast<int>(encrypted.value.size())) == 1 &&
                      EVP_DecryptFinal_ex(context.get(), octets(plain) + written, &last) == 1;
    if (!good) {
        ERR_clear_error();
        return std::nullopt;
    }
    plain.resize(static_cast<std::size_t>(written + last));
    return plain;
}

}  // namespace coatcheck::crypto
