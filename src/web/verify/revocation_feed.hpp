// SPDX-License-Identifier: Apache-2.0
// How revocations are written for those that follow them: as Server-Sent Events, and as a JSON snapshot.
// docs/revocation.md has the protocol.
#pragma once

#include "auth/revocation/log.hpp"

#include <string>
#include <vector>

namespace coatcheck::web {

// Entries of one event, or of one snapshot.
inline constexpr std::size_t feed_batch = 500;
inline constexpr std::size_t snapshot_most = 10'000;

// Where one who has followed up to `text` goes on: the id, or 0 and `anew` where those ids mean nothing here.
struct Resumption {
    std::uint64_t after = 0;
    bool anew = true;
};
Resumption resume(const auth::RevocationLog& log, std::string_view text);

// "event: reset": forget what you know, everything comes.
void append_reset(std::string& out);
// Entries as one event, whose id is the cursor after them.
void append_entries(std::string& out, const std::string& epoch,
                    const std::vector<verify::Revocation>& entries);
// "synced": from now on you know all there is. "heartbeat": you still do.
void append_position(std::string& out, std::string_view event, const auth::Cursor& cursor);

// {"cursor", "reset", "more", "entries"}: at most snapshot_most of them.
std::string write_snapshot(const auth::RevocationLog& log, const Resumption& from);

}  // namespace coatcheck::web
