// SPDX-License-Identifier: Apache-2.0
// Runs steps on PostgreSQL: a few threads, each with a connection; each step is a transaction. Every wait has
// an end: a step fails at once if there is no connection, or if too many steps wait before it, and the next
// attempt to connect follows a little later.
//
// The pool never has more connections than configured. A thread takes work only once it is connected, so that
// fewer connections than configured serve everybody. A connection whose answer does not come in time is given
// up, but the server still works for it (a commit may wait for a standby): its thread keeps it until the
// answer is there, and only then connects anew.
#pragma once

#include "store/postgres/feed.hpp"
#include "store/postgres/store.hpp"

#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

namespace coatcheck::store {

struct PostgresSettings {
    PostgresAddress address;
    std::string listen_url;  // for the connection that is woken by NOTIFY; empty: as the address
    std::int64_t connections;
    // A step that has waited in the queue for longer is refused.
    std::chrono::milliseconds longest_wait = std::chrono::seconds(5);
};

class PostgresPool final : public auth::StoreQueue {
public:
    // Connects once, so that a mistake in the settings shows at the start, and migrates. If `clock` is empty,
    // the process follows the database's clock.
    PostgresPool(PostgresSettings settings, auth::StoreListener& listener,
                 std::function<base::Timestamp()> clock = {});
    ~PostgresPool() override;

    void post(Work work) override;
    void follow(std::uint64_t after) override;
    bool is_current() const override { return !feed_ || feed_->is_current(); }

private:
    struct Waiting {
        Work work;
        std::chrono::steady_clock::time_point since;
    };
    // A thread has a connection, one that is owed an answer, or neither.
    struct Connection {
        std::unique_ptr<PostgresStore> store, given_up;
        // Rotations that this thread has sent on connections that were lost. Their fate is known when the
        // thread connects anew.
        std::vector<UnansweredRotation> unsettled;
        PostgresStore* operator->() const { return store.get(); }
        PostgresStore& operator*() const { return *store; }
        explicit operator bool() const { return store != nullptr; }
    };

    // Makes a test's clock one that does not go back, like the process's.
    base::Timestamp raised(base::Timestamp now);
    // Runs the steps that wait, then ends the threads.
    void end();
    void loop();
    // Waits until there is work, and connects for it. False: the pool ends.
    bool make_ready(Connection& connection);
    bool try_to_connect(Connection& connection);
    // Waits a moment for the answer that a given-up connection is owed, and closes it once the answer is
    // there. False: the pool ends.
    bool wait_for_answer(Connection& connection);
    // Remembers the request's rotation, if the database may have committed it.
    void note_unanswered(Connection& connection, const auth::RotateRequest* request);
    // Lets the grace of the connection's unanswered rotations begin now. False if that failed: the connection
    // is given up.
    bool settle(Connection& connection);
    // Gives up a connection that is lost or broken.
    void drop(Connection& connection);
    // True if nobody is connected, and nobody will try to connect now. The caller holds the mutex.
    bool is_cut_off() const;
    // If nobody is connected, fails all steps that wait.
    void refuse_if_alone();
    void end_rotating();
    // Waits for work: returns one step, or several rotations; empty when the pool ends.
    std::vector<Waiting> take();
    void run_group(Connection& connection, std::vector<Waiting>& group);
    PostgresStore::Together rotate(Connection& connection, const std::vector<Waiting>& group);
    std::exception_ptr serve(Connection& connection, const Waiting& waiting, base::Timestamp at = {},
                             std::optional<auth::Rotation>* rotated = nullptr);
    void connect(Connection& connection);
    void tell(Connection& connection);

    PostgresSettings settings_;
    auth::StoreListener& listener_;
    std::function<base::Timestamp()> clock_;
    std::atomic<std::int64_t> latest_{0};  // the latest time that raised() has returned
    std::mutex mutex_;
    std::condition_variable wake_, wanted_;  // of threads with and without a connection
    std::deque<Waiting> waiting_, rotations_;
    std::size_t rotating_ = 0;  // connections that rotate at this moment
    bool stopping_ = false;
    std::int64_t connected_ = 0, connecting_ = 0, given_up_ = 0;  // threads
    // Shared by all connections: how many attempts to connect have failed in a row, and when the next one may
    // start.
    unsigned failures_ = 0;
    std::chrono::steady_clock::time_point next_try_{};
    // Until follow(), steps must not fetch from the feed.
    PlaceTold told_{std::numeric_limits<std::int64_t>::max()};
    UnansweredRotations unanswered_;
    std::unique_ptr<PostgresFeed> feed_;
    std::vector<std::thread> threads_;
};

}  // namespace coatcheck::store
