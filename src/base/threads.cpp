// SPDX-License-Identifier: Apache-2.0
#include "base/threads.hpp"

#include <string>
#include <utility>

namespace coatcheck::base {

std::runtime_error thread_refused(std::string_view purpose, const std::system_error& refused) {
    return std::runtime_error(
        "cannot start a thread for " + std::string(purpose) + ": " + refused.code().message() +
        "; see the limit of processes (ulimit -u), TasksMax of systemd, pids.max of the "
        "control group, and the memory that is left");
}

std::thread start_thread(std::string_view purpose, std::function<void()> run) {
    try {
        return std::thread(std::move(run));
    } catch (const std::system_error& refused) {
        throw thread_refused(purpose, refused);
    }
}

}  // namespace coatcheck::base
