// SPDX-License-Identifier: Apache-2.0
// Writes revocations for followers: as Server-Sent Events, and as a JSON snapshot. docs/revocation.md
// describes the protocol.
#pragma once

#include "auth/revocation/log.hpp"

#include <string>
#include <vector>

namespace coatcheck::web {

// The most entries in one event, and in one snapshot.
inline constexpr std::size_t feed_batch = 500;
inline constexpr std::size_t snapshot_most = 10'000;

// The place where a follower continues: after an id, or at the start of the feed (`anew`). resume() finds
// it for the cursor `text`; `anew` if that is not a cursor of this feed.
struct Resumption {
    std::uint64_t after = 0;
    bool anew = true;
};
Resumption resume(const auth::RevocationLog& log, std::string_view text);

// Appends "event: reset": the entries that the follower has are void, and all entries follow.
void append_reset(std::string& out);
// Appends entries as one event. Its id is the cursor after them.
void append_entries(std::string& out, const std::string& epoch,
                    const std::vector<verify::Revocation>& entries);
// Appends "event: synced" (the follower now knows all entries) or "event: heartbeat" (it still does).
void append_position(std::string& out, std::string_view event, const auth::Cursor& cursor);

// Returns {"cursor", "reset", "more", "entries"}, with at most snapshot_most entries.
std::string write_snapshot(const auth::RevocationLog& log, const Resumption& from);

}  // namespace coatcheck::web
