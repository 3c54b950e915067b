// SPDX-License-Identifier: Apache-2.0
#include "app/cli.hpp"
#include "base/log.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    coatcheck::base::log::start();
    int status = 1;
    try {
        status = coatcheck::app::run_command_line(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "coatcheck: %s\n", failure.what());
    }
    coatcheck::base::log::stop();
    return status;
}
