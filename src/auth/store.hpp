// SPDX-License-Identifier: Apache-2.0
// The store's port: verbs named by need, in one small interface for each concern (auth/store/).
//
// A step is a function that is given the store. It runs as a whole or not at all, and its request goes on
// only when the step is on disk. A step that only reads is given a ReadStore, and does not compile if it
// writes.
//
// A step that sees an end (a session that is over or unknown, a disabled or unknown user) may be about to
// report it, and another node may have caused it. So when such a step commits, this node's verifiers learn
// what other nodes have revoked until then, before the step's request goes on: whichever node reports an end
// also refuses the tokens.
#pragma once

#include "auth/store/audit.hpp"
#include "auth/store/keys.hpp"
#include "auth/store/limits.hpp"
#include "auth/store/revocations.hpp"
#include "auth/store/sessions.hpp"
#include "auth/store/users.hpp"

#include <exception>
#include <functional>

namespace coatcheck::auth {

class ReadStore : public UserReads,
                  public SessionReads,
                  public RevocationReads,
                  public LimitReads,
                  public KeyReads,
                  public AuditReads {
public:
    // The store's clock, which decides graces and ends of sessions. It never goes back, not even over a
    // restart.
    virtual Timestamp now() = 0;
};

class Store : public ReadStore,
              public UserWrites,
              public SessionWrites,
              public RevocationWrites,
              public LimitWrites,
              public KeyWrites,
              public AuditWrites {
public:
    // Deletes what is over, at most `limit` rows of each kind, and gives the number deleted. Less than
    // `limit`: there is nothing more to delete.
    virtual std::size_t sweep(std::size_t limit) = 0;
};

// Hears what committed steps changed, on threads of the store. The first two calls are the start of the one
// path on which a revocation travels upward: store → StoreListener → verifiers and feed → FeedListener →
// followers.
class StoreListener {
public:
    virtual ~StoreListener() = default;
    // Revocations that were committed here or on another node. They must take effect before this returns. The
    // same entries may come twice.
    virtual void on_revoked(const std::vector<verify::Revocation>& entries) = 0;
    // The same entries with their ids, each once, in the order of the feed; from one thread at a time.
    virtual void on_feed(const std::vector<verify::Revocation>& entries) = 0;
    // Keys have changed; called inside a transaction of its own.
    virtual void on_keys(Store& store) = 0;
};

// Runs steps on threads of the store's own, and tells a listener what they changed.
class StoreQueue {
public:
    virtual ~StoreQueue() = default;
    using Step = std::function<void(Store&)>;
    struct Work {
        // If another transaction gets in its way, a step is undone and run again: it assigns to its results,
        // and never adds to them.
        Step step;
        // Called on a thread of the store when the step is durable (null), or was undone (the exception).
        std::function<void(std::exception_ptr)> done;
        // May be called on a thread of the store once the step has run and will not run again, but is not
        // durable yet: time to prepare what nobody may see before `done`. Must not throw.
        std::function<void()> ran{};
        // The rotation that the step asks for first: a queue may run the rotations of many steps together.
        // Lives until `done` is called.
        const RotateRequest* rotation = nullptr;
        // The step writes nothing, and need not wait for steps that do. It sees all that was durable when it
        // was posted.
        bool only_reads = false;
    };
    virtual void post(Work work) = 0;
    // From now on the listener also hears what other nodes do; of revocations, those after this id.
    virtual void follow(std::uint64_t) {}
    // Reads from the disk the sessions that sweep(rows) looks at next, so that steps behind it need not wait
    // for the disk. Only a help: a failure is logged. From one thread at a time, and not from event loops.
    virtual void read_ahead_of_sweep(std::size_t) {}
    // False while the listener does not hear what other nodes do: then this node is not ready. Any thread.
    virtual bool is_current() const { return true; }
    // Posts a step and waits for it. Throws what the step threw. Not for event loops.
    void run(Step step);
};

}  // namespace coatcheck::auth
