// SPDX-License-Identifier: Apache-2.0
// The rule of rotations (I1 and I2 of ARCHITECTURE.md), for a store that has read the session. For sessions
// of the SDK, the statement in store/sql/rotation.cpp says the same.
#pragma once

#include "auth/store/sessions.hpp"

namespace coatcheck::auth {

// The verdict on a presented token with request.counter: rotated (it is current and may be rotated),
// repeated or reused.
Rotation::Outcome judge_counter(const Session& session, const RotateRequest& request, Timestamp now);
// Makes the change of a rotation in `session`.
void rotate(Session& session, const RotateRequest& request, Timestamp now);

}  // namespace coatcheck::auth
