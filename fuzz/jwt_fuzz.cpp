// SPDX-License-Identifier: Apache-2.0
// Reads the input as a compact token and as claims, and gives it to the verifier. The verifier's key is new
// in each run, so no input can have a valid signature, and the verifier must refuse all of them.
#include "base/bytes.hpp"
#include "verify/verifier.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck;
    static const auto key = crypto::SigningKey::generate(crypto::Algorithm::es256);
    static verify::KeySet keys;
    static const bool ready = [] {
        keys.replace({{"k", key.public_key()}});
        return true;
    }();
    (void)ready;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto parts = token::parse_compact(text)) {
        if (base::base64url(parts->header->json) + "." + base::base64url(parts->claims_json) + "." +
                base::base64url(parts->signature) !=
            text)
            std::abort();
        (void)token::parse_claims(parts->claims_json);
        (void)token::parse_foreign_claims(*parts->claims, "sub");
    }
    (void)token::parse_claims(text);
    if (verify::prove(text, keys, {"http://localhost:8080", "http://localhost:8080"})) std::abort();
    return 0;
}
