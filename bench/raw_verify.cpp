// SPDX-License-Identifier: Apache-2.0
// The reference for checking a new token: OpenSSL verifies one signature over as many bytes as the signing
// input of an access token has. The context is made once, for EdDSA once per verification.
//
//   raw_verify ES256|RS256|EdDSA WARM-UP SECONDS THREADS     prints the verifications per second
#include "timed_threads.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t signing_input_bytes = 600;

void must(int result) {
    if (result != 1) std::exit(1);
}

struct Checker {
    bool digests;  // Ed25519 takes the message itself
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
    std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{nullptr, EVP_PKEY_CTX_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> message_context{EVP_MD_CTX_new(),
                                                                            EVP_MD_CTX_free};
    std::string input = std::string(signing_input_bytes, 'a');
    std::vector<unsigned char> signature = std::vector<unsigned char>(1024);

    static EVP_PKEY* make(const char* algorithm) {
        if (std::strcmp(algorithm, "ES256") == 0) return EVP_EC_gen("P-256");
        if (std::strcmp(algorithm, "RS256") == 0) return EVP_RSA_gen(3072);
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    }

    explicit Checker(const char* algorithm)
        : digests(std::strcmp(algorithm, "EdDSA") != 0), key(make(algorithm), EVP_PKEY_free) {
        std::size_t bytes = signature.size();
        const auto* text = reinterpret_cast<const unsigned char*>(input.data());
        must(EVP_DigestSignInit(message_context.get(), nullptr, digests ? EVP_sha256() : nullptr, nullptr,
                                key.get()));
        must(EVP_DigestSign(message_context.get(), signature.data(), &bytes, text, input.size()));
        signature.resize(bytes);
        if (!digests) return;
        context.reset(EVP_PKEY_CTX_new(key.get(), nullptr));
        must(EVP_PKEY_verify_init(context.get()));
        must(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()));
    }

    void check() {
        const auto* text = reinterpret_cast<const unsigned char*>(input.data());
        if (!digests) {
            message_context.reset(EVP_MD_CTX_new());
            must(EVP_DigestVerifyInit(message_context.get(), nullptr, nullptr, nullptr, key.get()));
            must(EVP_DigestVerify(message_context.get(), signature.data(), signature.size(), text,
                                  input.size()));
            return;
        }
        unsigned char digest[SHA256_DIGEST_LENGTH];
        SHA256(text, input.size(), digest);
        must(EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest, sizeof digest));
    }
};

}  // namespace

int main(int count, char** words) {
    if (count != 5) return 2;
    const double rate = rate_on_threads(
        static_cast<unsigned>(std::atoi(words[4])), std::atof(words[2]), std::atof(words[3]), [&](unsigned) {
            return std::function<void()>(
                [checker = std::make_shared<Checker>(words[1])] { checker->check(); });
        });
    std::printf("{\"rate\": %.3f}\n", rate);
}
