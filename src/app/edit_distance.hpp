// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace coatcheck::app {

// How many characters must be inserted, deleted, replaced or swapped with their neighbour to make `b` of `a`.
// The nearest name is probably the one that was meant.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace coatcheck::app
