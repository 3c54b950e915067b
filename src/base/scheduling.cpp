// SPDX-License-Identifier: Apache-2.0
#include "base/scheduling.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cstdint>

namespace coatcheck::base {
namespace {

// The argument of sched_setattr(2). glibc declares it from 2.41 on, and the kernel's own header conflicts
// with <sched.h>.
struct Attributes {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
};
static_assert(sizeof(Attributes) == 48);

// For a thread with the normal scheduling policy, `runtime` is the length of its turns. The kernel accepts
// values between these two.
constexpr std::chrono::nanoseconds shortest = std::chrono::microseconds(100),
                                   longest = std::chrono::milliseconds(100);

bool read(Attributes& attributes) {
    return syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
}

bool take_turns_of(std::chrono::nanoseconds length) {
    Attributes attributes{};
    if (!read(attributes)) return false;
    attributes.runtime = static_cast<std::uint64_t>(length.count());
    return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace

bool take_short_turns() { return take_turns_of(shortest); }

bool give_way() {
    // On Linux each thread has its own nice value.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), low_priority);
    return take_turns_of(longest);
}

std::chrono::nanoseconds own_turns() {
    Attributes attributes{};
    return std::chrono::nanoseconds(read(attributes) ? static_cast<std::int64_t>(attributes.runtime) : 0);
}

}  // namespace coatcheck::base
