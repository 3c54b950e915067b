// SPDX-License-Identifier: Apache-2.0
// The server's stream of revocations (docs/revocation.md), read in pieces as they arrive, for verifiers
// elsewhere.
#pragma once

#include "verify/key_set.hpp"
#include "verify/revocations.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::verify {

// One event of the stream, in bytes; the server sends 500 entries in one.
inline constexpr std::size_t max_feed_event = 1024 * 1024;

// What some bytes of the stream said.
struct Heard {
    bool events = false;              // at least one was complete: the server is there
    bool synced = false;              // all there is is known, now or again
    std::vector<Revocation> entries;  // in force already
};

// Not thread-safe itself; keys and revocations are shared and must outlive it.
class FeedReader {
public:
    FeedReader(KeySet& keys, Revocations& revocations) : keys_(keys), revocations_(revocations) {}

    // Takes up what has arrived: an entry is in force before this returns, and a compromised key is gone.
    // malformed_json: this is not the stream; end the connection and begin anew after cursor().
    base::Result<Heard> read(std::string_view bytes);
    // A connection begins: half an event that a former one left is void.
    void begin() { pending_.clear(); }

    // What to send as Last-Event-ID; empty at first. It never stands for an entry that was not taken up.
    const std::string& cursor() const { return cursor_; }

private:
    base::Result<void> take_event(std::string_view text, Heard& heard);

    KeySet& keys_;
    Revocations& revocations_;
    std::string pending_;
    std::string cursor_;
    std::optional<std::vector<Revocation>> next_;  // after a reset: the table to be, in use once it is whole
};

}  // namespace coatcheck::verify
