// SPDX-License-Identifier: Apache-2.0
// One function for each type that a std::variant may hold, as std::visit() takes them.
#pragma once

namespace coatcheck::app {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace coatcheck::app
