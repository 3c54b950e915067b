// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace coatcheck::base {

void abort_on_misuse(const char* what) {
    std::fprintf(stderr, "coatcheck: a bug: asked for %s\n", what);
    std::abort();
}

}  // namespace coatcheck::base
