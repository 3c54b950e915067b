// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file. It must be accepted, or refused with a sentence that names the file.
#include "app/config/config.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace coatcheck::app;
    Config config;
    try {
        read_toml(config, {reinterpret_cast<const char*>(data), size}, "fuzz.toml");
        check_config(config);
    } catch (const ConfigError& error) {
        if (std::string_view(error.what()).size() < 12) std::abort();
        return 0;
    }
    Config again;
    read_toml(again, print_config(config), "again.toml");  // an accepted file can be printed and read again
    return 0;
}
