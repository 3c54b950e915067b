// SPDX-License-Identifier: Apache-2.0
// Reads the server's feed of revocations (docs/revocation.md) in pieces as they arrive, for verifiers in
// other processes.
#pragma once

#include "verify/key_set.hpp"
#include "verify/revocations.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::verify {

// The largest event that the reader accepts, in bytes. The server sends up to 500 entries in one event.
inline constexpr std::size_t max_feed_event = 1024 * 1024;

// The news in a piece of the feed.
struct Heard {
    bool events = false;              // at least one event was complete, so the server is there
    bool synced = false;              // all revocations are known, for the first time or again
    std::vector<Revocation> entries;  // new entries; they are in force already
};

// Not thread-safe. `keys` and `revocations` are shared and must outlive this object.
class FeedReader {
public:
    FeedReader(KeySet& keys, Revocations& revocations) : keys_(keys), revocations_(revocations) {}

    // Applies the events that have arrived. When it returns, each entry is in force, and each compromised key
    // is gone. malformed_json: this is not the feed. Then close the connection and begin again after
    // cursor().
    base::Result<Heard> read(std::string_view bytes);
    // Call this when a new connection begins: it forgets the half event that the old connection left.
    void begin() { pending_.clear(); }

    // The cursor to send as Last-Event-ID; empty at first. All entries up to it have been applied.
    const std::string& cursor() const { return cursor_; }

private:
    base::Result<void> take_event(std::string_view text, Heard& heard);

    KeySet& keys_;
    Revocations& revocations_;
    std::string pending_;
    std::string cursor_;
    std::optional<std::vector<Revocation>> next_;  // after a reset: the new table, used once it is whole
};

}  // namespace coatcheck::verify
