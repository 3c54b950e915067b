// SPDX-License-Identifier: Apache-2.0
#include "auth/sessions/rotation.hpp"

#include <algorithm>

namespace coatcheck::auth {

using Outcome = Rotation::Outcome;

Outcome judge_counter(const Session& session, const RotateRequest& request, Timestamp now) {
    if (request.counter == session.counter)
        return session.rotated.back() > now - request.grace ? Outcome::repeated : Outcome::rotated;
    // The token was superseded `behind` rotations ago, at rotated[behind - 1]. A counter ahead of the row
    // wraps to a huge number.
    const std::uint32_t behind = session.counter - request.counter;
    const bool in_grace = behind <= rotations_per_grace && session.rotated[behind - 1] + request.grace > now;
    return in_grace ? Outcome::repeated : Outcome::reused;
}

void rotate(Session& session, const RotateRequest& request, Timestamp now) {
    ++session.counter;
    std::rotate(session.rotated.rbegin(), session.rotated.rbegin() + 1, session.rotated.rend());
    session.rotated.front() = session.last_used = now;
    session.idle_end = std::min(now + request.idle, session.absolute_end);
    session.access_end = std::max(session.access_end, std::min(now + request.access_ttl, session.idle_end));
}

}  // namespace coatcheck::auth
