// SPDX-License-Identifier: Apache-2.0
#include "auth/store.hpp"

#include <future>

namespace coatcheck::auth {

void StoreQueue::run(Step step) {
    std::promise<void> over;
    auto waiting = over.get_future();
    post({std::move(step), [&over](std::exception_ptr failed) {
              if (failed) over.set_exception(failed);
              else over.set_value();
          }});
    waiting.get();
}

bool StoreQueue::sweep() {
    constexpr std::size_t rows = 100;
    std::size_t deleted = 0;
    run([&](Store& store) { deleted = store.sweep(rows); });
    return deleted >= rows;
}

}  // namespace coatcheck::auth
