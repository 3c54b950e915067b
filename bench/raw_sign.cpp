// SPDX-License-Identifier: Apache-2.0
// Part of the reference for a refresh: signatures per second of OpenSSL alone, over as many bytes as the
// signing input of an access token has.
//
//   raw_sign ES256|RS256 WARM-UP SECONDS THREADS     prints the signatures per second
//   raw_sign version
#include "timed_threads.hpp"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

constexpr std::size_t signing_input_bytes = 600;

// The bare operation: a digest and a signature, with a context that is made once. Each thread has its own
// key.
struct Signer {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
    std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context;
    std::string input = std::string(signing_input_bytes, 'a');
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char signature[512];
    std::size_t bytes = 0;

    explicit Signer(bool is_rsa)
        : key(is_rsa ? EVP_RSA_gen(3072) : EVP_EC_gen("P-256"), EVP_PKEY_free),
          context(EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free) {
        if (EVP_PKEY_sign_init(context.get()) != 1 ||
            EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1)
            std::exit(1);
    }
    ~Signer() {
        std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> check(
            EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free);
        if (EVP_PKEY_verify_init(check.get()) != 1 ||
            EVP_PKEY_CTX_set_signature_md(check.get(), EVP_sha256()) != 1 ||
            EVP_PKEY_verify(check.get(), signature, bytes, digest, sizeof digest) != 1)
            std::_Exit(1);
    }
    void sign() {
        ++input[0];
        SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest);
        bytes = sizeof signature;
        if (EVP_PKEY_sign(context.get(), signature, &bytes, digest, sizeof digest) != 1) std::exit(1);
    }
};

}  // namespace

int main(int count, char** words) {
    if (count == 2 && std::string(words[1]) == "version")
        return std::printf("%s\n", OpenSSL_version(OPENSSL_VERSION)) < 0;
    if (count != 5) return 2;
    const bool is_rsa = std::string(words[1]) == "RS256";
    const double rate = rate_on_threads(
        static_cast<unsigned>(std::atoi(words[4])), std::atof(words[2]), std::atof(words[3]), [&](unsigned) {
            return std::function<void()>([signer = std::make_shared<Signer>(is_rsa)] { signer->sign(); });
        });
    std::printf("{\"rate\": %.3f}\n", rate);
}
