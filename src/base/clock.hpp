// SPDX-License-Identifier: Apache-2.0
// Two clocks. `wall` is what the machine's clock says (or the clock that several processes share): answers
// and tokens state it, because others compare it with their own. `steady` never goes back, not even over a
// restart, so that what has ended stays ended: it decides when graces, sessions and revocations end.
//
// Steady follows the wall clock forward, but not at once over more than a minute: a clock that is wrong for a
// moment must not take years out of the installation's life. It follows such a jump when the wall clock has
// stayed ahead for ten minutes, or at the next start, but never a jump over more than the longest session:
// then the operator decides (`coatcheck store set-clock`). When the wall clock is behind, steady goes on by
// the clock that counts from the machine's boot.
//
// Only connections, the store, the log, the command line and libcoatcheck read the clocks. All other code
// takes a Timestamp.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

namespace coatcheck::base {

struct Clocks {
    Timestamp steady, wall;
    // For the end of a token: if the clocks differ, it ends by the one that is ahead.
    Timestamp latest() const { return std::max(steady, wall); }
    // How far the wall clock is ahead of where it should be; negative if it is behind.
    Duration error() const { return wall - steady; }
    // While this is true, no tokens are issued: their iat and exp would be wrong.
    bool are_apart() const;
};

inline constexpr std::chrono::minutes largest_clock_error{1};
// At a start the wall clock may be ahead of the latest time in the database by this much: the server was off.
// No session lives longer.
inline constexpr std::chrono::hours longest_time_off{24 * 400};

inline bool Clocks::are_apart() const {
    return error() > largest_clock_error || error() < -largest_clock_error;
}

// Any thread may call these.
Clocks read_clocks();
// The steady clock, in whole milliseconds.
Timestamp read_clock();
// Tells the latest time in the database, at the start of the process; {}: there is none. The steady clock
// begins there if the wall clock is behind, or ahead by more than longest_time_off.
void start_clock(Timestamp stored);
// From now on this process uses a clock that several processes share, and no longer the machine's clock.
// `shared` is the present time on the shared clock, `noted` the latest steady time of all processes.
// `starts`: starts the clock, as start_clock(noted) does; otherwise the steady clock only moves forward, and
// by what another process has noted no further than a minute: that one may have started with a wrong clock.
void follow_clock(Timestamp shared, Timestamp noted, bool starts);
// Moves the steady clock to the wall clock, backward too. Nothing that was issued or revoked before may count
// afterwards.
void reset_clock();

// How the two clocks are kept, as differences to the clock that counts from the machine's boot; all times are
// in nanoseconds. Public for its test.
class ClockKeeper {
public:
    // The wall clock says `wall` at `boot`.
    void measure(std::int64_t boot, std::int64_t wall);
    void start(std::int64_t boot, std::int64_t stored);
    void raise(std::int64_t boot, std::int64_t at_least);
    void reset() { steady_ = wall_.load(); }
    Clocks at(std::int64_t boot) const;

private:
    static constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::min();
    void raise_to(std::int64_t difference);

    std::atomic<std::int64_t> wall_{unknown}, steady_{unknown};
    std::atomic<std::int64_t> ahead_since_{unknown};  // when the wall clock was first seen too far ahead
};

}  // namespace coatcheck::base
