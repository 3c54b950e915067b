// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/libpq.hpp"

#include "store/sql/database.hpp"

#include <dlfcn.h>

namespace coatcheck::store {
namespace {

Libpq load() {
    void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw StoreError(std::string("PostgreSQL needs its client library, which Debian calls libpq5: ") +
                         ::dlerror());
    Libpq out;
    const auto find = [library](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
        if (function == nullptr)
            throw StoreError(std::string("libpq is older than version 14: it has no ") + name);
    };
#define COATCHECK_FIND(name) find(out.name, #name);
    COATCHECK_LIBPQ(COATCHECK_FIND)
#undef COATCHECK_FIND
    return out;
}

}  // namespace

const Libpq& libpq() {
    static const Libpq loaded = load();  // never unloaded
    return loaded;
}

}  // namespace coatcheck::store
