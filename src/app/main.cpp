// SPDX-License-Identifier: Apache-2.0
#include "app/cli.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

#include <fcntl.h>
#include <cstdio>
#include <exception>

namespace {

// If one of the standard descriptors is closed, the next file gets its number: the database, into which the
// log would then write.
void open_standard_descriptors() {
    for (int file = 0; file <= 2; ++file)
        if (fcntl(file, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_descriptors();
    int status = 1;
    try {
        coatcheck::base::log::start();
        coatcheck::base::explain_missing_random();
        status = coatcheck::app::run_command_line(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "coatcheck: %s\n", failure.what());
    }
    coatcheck::base::log::stop();
    return status;
}
