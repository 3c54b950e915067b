// SPDX-License-Identifier: Apache-2.0
// Writes revocations. All are store steps: verifiers refuse the tokens as soon as the step commits.
#pragma once

#include "auth/store.hpp"

#include <string>

namespace coatcheck::auth {

// Revokes the tokens of a session that has just ended: our own, the foreign token that was exchanged for it,
// and its index in the status lists.
void revoke_session(Store& store, const Session& session);

// Revokes the session's index in the Token Status Lists, if it has one. All tokens that the session got
// until now state this index.
void revoke_status(Store& store, const Session& session);

// Revokes the user's foreign tokens: those issued until now, or all of them for good (the user was disabled
// or deleted).
enum class Foreign { until_now, for_good };
void revoke_foreign(Store& store, const Policy& policy, const std::string& user, Foreign which);

// Writes a user whose names have not changed, so that no other user can have them.
void write_back(Store& store, const User& user);

// Raises the user's `ver` and writes the user, whose names must not have changed. Revokes all access tokens
// with an older `ver` by one entry, and the foreign tokens. The caller has locked the user.
void revoke_older_tokens(Store& store, const Policy& policy, User& user, Foreign foreign);
// As revoke_older_tokens(), but clients are told to refresh (token_stale), and foreign tokens stay valid.
void make_older_tokens_stale(Store& store, const Policy& policy, User& user);
// As revoke_older_tokens() for a user who is about to be deleted, and is not written.
void revoke_all_tokens(Store& store, const Policy& policy, const User& user);

}  // namespace coatcheck::auth
