// SPDX-License-Identifier: Apache-2.0
// The port to the database: one small interface for each concern (auth/store/), whose operations are named
// after what the callers need.
//
// A step is a function that runs inside one transaction of the store: all of it takes effect, or nothing.
// Its request is answered only when the step is on disk. A step that only reads gets a ReadStore, so code
// that would write does not compile.
//
// A step that sees an end (a session that is over or unknown, a disabled or unknown user) may be about to
// report it, and another node may have caused it. So when such a step commits, this node's verifiers learn
// what other nodes have revoked until then, before the step's request goes on: whichever node reports an end
// also refuses the tokens.
#pragma once

#include "auth/store/audit.hpp"
#include "auth/store/keys.hpp"
#include "auth/store/limits.hpp"
#include "auth/store/oauth.hpp"
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
                  public AuditReads,
                  public OAuthReads {
public:
    // The store's clock. It decides when a grace or a session ends. It never goes back, not even over a
    // restart.
    virtual Timestamp now() = 0;
};

class Store : public ReadStore,
              public UserWrites,
              public SessionWrites,
              public RevocationWrites,
              public LimitWrites,
              public KeyWrites,
              public AuditWrites,
              public OAuthWrites {
public:
    // Deletes what has expired, at most `limit` rows of each kind. Returns the number of deleted rows;
    // fewer than `limit`: nothing is left to delete.
    virtual std::size_t sweep(std::size_t limit) = 0;
    // Writes something that changes nothing. Throws if the store cannot be written.
    virtual void prove_writable() = 0;
    // Sets the store's clock, backward too, and empties all buckets. revive_nothing() must follow in the same
    // step.
    virtual void set_clock(Timestamp now) = 0;
};

// Is told what committed steps changed, on threads of the store. on_revoked() and on_feed() are the start
// of the one path of a revocation: store → StoreListener → verifiers and feed → FeedListener → followers.
class StoreListener {
public:
    virtual ~StoreListener() = default;
    // Revocations that were committed on this node or another one. They must be in force when this returns.
    // The same entries may come twice.
    virtual void on_revoked(const std::vector<verify::Revocation>& entries) = 0;
    // The same entries with their ids, each entry once, in the order of the feed. Called by one thread at a
    // time.
    virtual void on_feed(const std::vector<verify::Revocation>& entries) = 0;
    // Signing keys or service keys have changed. Called inside a transaction of its own, on `store`.
    virtual void on_keys(Store& store) = 0;
};

// Runs steps on the store's own threads, and tells a listener what they changed.
class StoreQueue {
public:
    virtual ~StoreQueue() = default;
    using Step = std::function<void(Store&)>;
    struct Work {
        // If another transaction conflicts with a step, the step is undone and runs again. So a step
        // assigns its results, and never adds to them.
        Step step;
        // Called on a thread of the store: with null when the step is durable, or with the exception if the
        // step was undone.
        std::function<void(std::exception_ptr)> done;
        // May be called on a thread of the store when the step has run for the last time but is not durable
        // yet. It can prepare an answer, which nobody may see before `done`. Must not throw.
        std::function<void()> ran{};
        // The rotation that the step requests first. A queue may run the rotations of many steps together.
        // Must live until `done` is called.
        const RotateRequest* rotation = nullptr;
        // The step writes nothing and need not wait for steps that write. It sees everything that was
        // durable when it was posted.
        bool only_reads = false;
    };
    virtual void post(Work work) = 0;
    // From now on the listener also hears of changes by other nodes: of keys, and of the revocations after
    // this id.
    virtual void follow(std::uint64_t) {}
    // Deletes some of what is over, so little at a time that requests need not wait for it. True: there is
    // more. Called by one thread at a time, and not by event loops.
    virtual bool sweep();
    // False while the listener does not hear of changes by other nodes: this node is not ready then. Any
    // thread.
    virtual bool is_current() const { return true; }
    // Posts a step and waits until it is durable. Throws what the step threw. Not for event loops.
    void run(Step step);
};

}  // namespace coatcheck::auth
