// SPDX-License-Identifier: Apache-2.0
// Reads hashes of other systems: what may be imported is stored in a spelling that is read back as the same.
#include "crypto/argon2_string.hpp"
#include "crypto/password_hash.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::crypto;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string problem, none;
    const auto hash = importable_hash(text, problem);
    if (hash.has_value() != problem.empty()) std::abort();
    if (hash && (!is_known_hash(*hash) || importable_hash(*hash, none) != hash)) std::abort();
    if (const auto parsed = parse_argon2(text)) {
        const auto again = parse_argon2(write_argon2(*parsed));
        if (!again || again->tag != parsed->tag || again->salt != parsed->salt || again->kib != parsed->kib)
            std::abort();
    }
    return 0;
}
