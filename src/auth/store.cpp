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

}  // namespace coatcheck::auth
