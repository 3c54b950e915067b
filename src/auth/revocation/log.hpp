// SPDX-License-Identifier: Apache-2.0
// The feed, held in memory: the revocations in the order of their commits. The store gives each entry an
// id. A follower that has seen id N asks for the entries after N. A database that was restored from a copy
// may give an id a second time; it has another `epoch`, which tells the two apart.
#pragma once

#include "verify/revocations.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::auth {

// A position in the feed, written as "<epoch>.<id>".
struct Cursor {
    std::string epoch;
    std::uint64_t id = 0;
    std::string write() const;
    // nullopt: not a cursor, or an epoch of more than 32 bytes.
    static std::optional<Cursor> parse(std::string_view text);
};

// Is told that the feed has grown: the last part of the path of a revocation (auth/store.hpp).
class FeedListener {
public:
    virtual ~FeedListener() = default;
    // Called on the thread that called append(). Must not block.
    virtual void on_feed_grown() = 0;
};

// Any thread may call any member.
class RevocationLog {
public:
    // Replaces everything.
    void load(std::string epoch, std::vector<verify::Revocation> entries);
    // Adds entries in the order of their ids, and then tells the listener.
    void append(const std::vector<verify::Revocation>& entries);
    // Deletes entries whose tokens have all expired.
    void sweep(base::Timestamp now);
    // From now on append() tells this listener; nullptr: none. There is one listener at a time.
    // Waits for a call that is under way.
    void listen(FeedListener* listener);

    // The position after the last entry that was added, even if that entry is deleted by now.
    Cursor end() const;
    // At most `most` entries after `id`, in order.
    std::vector<verify::Revocation> after(std::uint64_t id, std::size_t most) const;
    // Calls visit(entry) for all entries, in order. append() waits meanwhile.
    template <class Visit>
    void each(const Visit& visit) const {
        const std::shared_lock lock(mutex_);
        for (const auto& entry : entries_) visit(entry);
    }

private:
    mutable std::shared_mutex mutex_;
    std::string epoch_;
    std::uint64_t last_id_ = 0;
    std::vector<verify::Revocation> entries_;  // by id
    std::mutex listening_;                     // held during a call of the listener
    FeedListener* listener_ = nullptr;
};

}  // namespace coatcheck::auth
