// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

namespace coatcheck::base {

// The exception for a thread that the system refuses: it names the purpose of the thread, and the limits to
// look at.
std::runtime_error thread_refused(std::string_view purpose, const std::system_error& refused);

// Starts a thread. Throws thread_refused().
std::thread start_thread(std::string_view purpose, std::function<void()> run);

}  // namespace coatcheck::base
