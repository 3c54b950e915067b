// SPDX-License-Identifier: Apache-2.0
// The revocations in the order of their commits, for those that follow them: an entry has the id that the
// store gave it, and whoever has seen id N asks for what came after. Ids start anew with another `epoch`:
// that of a restored copy.
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

// How far somebody has followed: "<epoch>.<id>".
struct Cursor {
    std::string epoch;
    std::uint64_t id = 0;
    std::string write() const;
    static std::optional<Cursor> parse(std::string_view text);
};

// Hears that the feed has grown: the end of the path on which a revocation travels upward (auth/store.hpp).
class FeedListener {
public:
    virtual ~FeedListener() = default;
    // Called on the thread that appended. Must not block.
    virtual void on_feed_grown() = 0;
};

// Any thread may call anything.
class RevocationLog {
public:
    void load(std::string epoch, std::vector<verify::Revocation> entries);
    // Adds entries, and then tells the listener.
    void append(const std::vector<verify::Revocation>& entries);
    void sweep(base::Timestamp now);
    // From now on this listener hears of additions; nullptr: none does. There is one at a time.
    void listen(FeedListener* listener);

    Cursor end() const;
    // At most `most` entries after `id`, in order.
    std::vector<verify::Revocation> after(std::uint64_t id, std::size_t most) const;
    // visit(entry) for all there are, in order; additions wait meanwhile.
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
    FeedListener* listener_ = nullptr;
};

}  // namespace coatcheck::auth
