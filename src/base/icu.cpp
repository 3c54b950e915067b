// SPDX-License-Identifier: Apache-2.0
#include "base/icu.hpp"

#include <dlfcn.h>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace coatcheck::base {

Icu::Icu() {
    const std::string version = std::to_string(U_ICU_VERSION_MAJOR_NUM);
    library_ = ::dlopen(("libicui18n.so." + version).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr)
        throw std::runtime_error("names beyond ASCII need ICU, which Debian calls libicu" + version + ": " +
                                 ::dlerror());
    const auto find = [&](auto& function, const std::string& name) {
        // Every function of ICU has the version in its name.
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
            ::dlsym(library_, (name + "_" + version).c_str()));
        if (function == nullptr) {
            ::dlclose(library_);
            throw std::runtime_error("ICU has no " + name);
        }
    };
#define COATCHECK_FIND(name) find(this->name, #name);
    COATCHECK_ICU(COATCHECK_FIND)
#undef COATCHECK_FIND
}

Icu::~Icu() {
    u_cleanup();
    ::dlclose(library_);
}

}  // namespace coatcheck::base
