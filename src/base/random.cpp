// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include "base/bytes.hpp"

#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>
#include <cstdlib>
#include <string_view>

namespace coatcheck::base {

namespace {

[[noreturn]] void say_that_random_is_missing() {
    static constexpr std::string_view line =
        "coatcheck: libsodium cannot go on, most likely because the system gives no random bytes "
        "(getrandom(2), /dev/urandom): see whether a seccomp filter refuses them, or /dev is missing\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    std::_Exit(EX_OSERR);
}

}  // namespace

void explain_missing_random() { sodium_set_misuse_handler(say_that_random_is_missing); }

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

std::string random_id() { return base64url(random_bytes(16)); }

}  // namespace coatcheck::base
