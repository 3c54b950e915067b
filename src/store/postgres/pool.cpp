// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/pool.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/scheduling.hpp"
#include "base/threads.hpp"

#include <algorithm>
#include <iterator>

namespace coatcheck::store {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t most_waiting = 2000;
// At most this many connections rotate at once; fewer share better, because more rotations then wait for one
// statement.
constexpr std::size_t most_rotating = 2;
// Of a step that meets a Conflict.
constexpr int most_attempts = 5;
// More than any step has.
constexpr int most_statements = 64;
constexpr std::chrono::milliseconds look_again{100}, after_failure{10};
constexpr const char* no_connection = "PostgreSQL: there is no connection";
constexpr std::chrono::milliseconds first_pause{50}, longest_pause{1000};  // between attempts to connect

}  // namespace

PostgresPool::PostgresPool(PostgresSettings settings, auth::StoreListener& listener,
                           std::function<base::Timestamp()> clock)
    : settings_(std::move(settings)), listener_(listener), clock_(std::move(clock)) {
    if (settings_.listen_url.empty()) settings_.listen_url = settings_.address.url;
    const bool follows = !clock_;  // no test clock: use the database's
    if (follows) clock_ = base::read_clock;
    else clock_ = [this, test_clock = std::move(clock_)] { return raised(test_clock()); };
    auto first = std::make_unique<PostgresStore>(settings_.address, PostgresDatabase::Prepare::never, clock_);
    first->migrate();
    first->refuse_unfinished_copy();
    first->check_tables();
    if (follows) {
        first->begin();
        const auto state = first->look();
        first->commit();
        base::follow_clock(state.clock, state.noted, true);
    }
    try {
        for (std::int64_t i = 0; i < settings_.connections; ++i)
            threads_.push_back(base::start_thread("a connection to PostgreSQL", [this] { loop(); }));
    } catch (...) {
        end();
        throw;
    }
}

base::Timestamp PostgresPool::raised(base::Timestamp now) {
    const auto wanted = base::unix_millis(now);
    auto latest = latest_.load();
    while (latest < wanted && !latest_.compare_exchange_weak(latest, wanted)) {}
    return base::from_unix_millis(std::max(latest, wanted));
}

PostgresPool::~PostgresPool() { end(); }

void PostgresPool::end() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    wanted_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void PostgresPool::follow(std::uint64_t after) {
    told_ = after;
    const std::lock_guard lock(mutex_);
    feed_ = std::make_unique<PostgresFeed>(PostgresAddress{settings_.listen_url, settings_.address.password},
                                           listener_, after, told_);
}

void PostgresPool::post(Work work) {
    bool cut_off = false;
    {
        const std::lock_guard lock(mutex_);
        cut_off = is_cut_off();
        if (!cut_off && waiting_.size() + rotations_.size() < most_waiting) {
            auto& queue = work.rotation != nullptr ? rotations_ : waiting_;
            queue.push_back({std::move(work), Steady::now()});
            wake_.notify_one();
            wanted_.notify_one();
            return;
        }
    }
    work.done(std::make_exception_ptr(
        Unavailable(cut_off ? no_connection : "PostgreSQL: too many requests are waiting")));
}

bool PostgresPool::is_cut_off() const {
    if (connected_ > 0) return false;
    return given_up_ == settings_.connections || (failures_ > 0 && Steady::now() < next_try_);
}

void PostgresPool::refuse_if_alone() {
    const auto failed = std::make_exception_ptr(Unavailable(no_connection));
    std::deque<Waiting> steps, rotations;
    {
        const std::lock_guard lock(mutex_);
        if (connected_ == 0) steps.swap(waiting_), rotations.swap(rotations_);
    }
    for (const auto* refused : {&steps, &rotations})
        for (const auto& one : *refused) one.work.done(failed);
}

void PostgresPool::drop(Connection& connection) {
    if (!connection) return;
    {
        const std::lock_guard lock(mutex_);
        --connected_;
        const bool is_owed = connection->is_owed_an_answer(std::chrono::milliseconds(0));
        if (is_owed) {
            ++given_up_;
            connection.given_up = std::move(connection.store);
        }
    }
    connection.store.reset();
}

bool PostgresPool::make_ready(Connection& connection) {
    for (;;) {
        if (connection.given_up) {
            if (!wait_for_answer(connection)) return false;
            continue;
        }
        {
            std::unique_lock lock(mutex_);
            wanted_.wait(lock, [&] {
                return stopping_ || !waiting_.empty() || !rotations_.empty() || !connection.unsettled.empty();
            });
            // One connection is enough until the feed has one: if the database allows only a few, the feed
            // needs one of them more than steps need the others.
            const auto may_connect = [this] {
                return (feed_ && feed_->is_connected()) || connected_ + connecting_ == 0;
            };
            while (!stopping_ && !may_connect()) wanted_.wait_for(lock, look_again);
            // Another thread may have tried a moment ago.
            if (failures_ > 0) wanted_.wait_until(lock, next_try_, [this] { return stopping_; });
            if (stopping_) break;
            ++connecting_;
        }
        const bool is_connected = try_to_connect(connection);
        {
            const std::lock_guard lock(mutex_);
            --connecting_;
        }
        if (is_connected) return true;
        refuse_if_alone();
    }
    refuse_if_alone();
    return false;
}

void PostgresPool::note_unanswered(Connection& connection, const auth::RotateRequest* request) {
    if (!connection || request == nullptr) return;
    const auto rotation = connection->left_by(*request);
    if (!rotation) return;
    unanswered_.add(*rotation);
    connection.unsettled.push_back(*rotation);
}

bool PostgresPool::settle(Connection& connection) {
    auto& unsettled = connection.unsettled;
    if (unsettled.empty()) return true;
    // Some may be too old, or their clients may have come back meanwhile.
    std::erase_if(unsettled, [this](const auto& one) { return !unanswered_.contains(one); });
    for (int attempt = 1; !unsettled.empty();) {
        const auto count = std::min(unsettled.size(), PostgresStore::most_together);
        std::vector<UnansweredRotation> renewed;
        try {
            connection->begin();
            renewed = connection->renew_graces(std::span(unsettled).last(count));
            connection->commit();
            for (const auto& rotation : renewed) unanswered_.forget(rotation);
            unsettled.resize(unsettled.size() - count);
            continue;
        } catch (const Unknown&) {
            // Perhaps the rows are as this has left them.
            for (auto& rotation : renewed) {
                rotation.rotated = rotation.last_used = connection->now();
                unanswered_.add(rotation);
                unsettled.push_back(rotation);
            }
        } catch (const std::exception& failure) {
            connection->rollback();
            if (!connection->is_broken() && ++attempt <= most_statements) continue;  // such as Conflict
            if (!connection->is_broken()) {
                base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
                unsettled.clear();  // this node still knows them, and helps clients that come back to it
                break;
            }
        }
        drop(connection);
        return false;
    }
    return true;
}

bool PostgresPool::try_to_connect(Connection& connection) {
    try {
        connect(connection);
        return true;
    } catch (const std::exception&) {
        return false;  // connect() has logged it
    }
}

bool PostgresPool::wait_for_answer(Connection& connection) {
    refuse_if_alone();
    const bool is_owed = connection.given_up->is_owed_an_answer(look_again);
    const std::lock_guard lock(mutex_);
    if (is_owed && !stopping_) return true;
    connection.given_up.reset();
    --given_up_;
    return !stopping_;
}

std::vector<PostgresPool::Waiting> PostgresPool::take() {
    std::unique_lock lock(mutex_);
    const auto may_rotate = [this] { return !rotations_.empty() && rotating_ < most_rotating; };
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty() || may_rotate(); });
    const bool rotates = may_rotate() &&
                         (waiting_.empty() || rotations_.front().since <= waiting_.front().since);
    auto& queue = rotates ? rotations_ : waiting_;
    const auto count = std::min(queue.size(), rotates ? PostgresStore::most_together : 1);
    std::vector<Waiting> group(std::move_iterator(queue.begin()),
                               std::move_iterator(queue.begin() + static_cast<std::ptrdiff_t>(count)));
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
    if (rotates) ++rotating_;
    return group;
}

void PostgresPool::loop() {
    base::take_short_turns();
    Connection connection;
    for (;;) {
        std::vector<Waiting> group;
        try {
            if (!connection && !make_ready(connection)) return;
            if (!settle(connection)) continue;
            group = take();
            if (group.empty()) return;
            run_group(connection, group);
        } catch (const std::exception& failure) {  // Unknown of a shared rotation, or std::bad_alloc
            base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
            drop(connection);  // it may be in the middle of a transaction
            for (const auto& waiting : group)
                if (waiting.work.done) waiting.work.done(std::current_exception());
            if (group.empty()) std::this_thread::sleep_for(after_failure);
        }
        if (!group.empty() && group.front().work.rotation != nullptr) end_rotating();
    }
}

// The `done` of each step that has ended is empty afterwards, also if this throws.
void PostgresPool::run_group(Connection& connection, std::vector<Waiting>& group) {
    auto together = rotate(connection, group);
    const auto is_rotated = [&](std::size_t i) {
        return !together.rotations.empty() && together.rotations[i].has_value();
    };
    const auto finish = [&](std::size_t i) {
        const auto failed = serve(connection, group[i], together.at,
                                  together.rotations.empty() ? nullptr : &together.rotations[i]);
        std::exchange(group[i].work.done, nullptr)(failed);
    };
    // First those whose token is rotated already: they only finish. The others may have to wait for a lock.
    for (const bool first : {true, false})
        for (std::size_t i = 0; i < group.size(); ++i)
            if (group[i].work.done && is_rotated(i) == first) finish(i);
}

void PostgresPool::end_rotating() {
    const std::lock_guard lock(mutex_);
    --rotating_;
    wake_.notify_one();
}

// If the shared statement fails, each step rotates for itself and meets the failure there. If the database
// committed anyway, each step finds its token superseded a moment ago and returns the current one.
PostgresStore::Together PostgresPool::rotate(Connection& connection, const std::vector<Waiting>& group) {
    if (group.size() < 2) return {};
    std::vector<const auth::RotateRequest*> requests;
    for (const auto& waiting : group) requests.push_back(waiting.work.rotation);
    try {
        if (!connection) connect(connection);
        return connection->rotate_together(requests);
    } catch (const Unknown&) {
        for (const auto* request : requests) note_unanswered(connection, request);
        throw;
    } catch (const std::exception&) {
        if (!connection || !connection->is_broken()) return {};
        for (const auto* request : requests) note_unanswered(connection, request);
        drop(connection);
        return {};
    }
}

// After a failure one thread at a time tries to connect, and steps on the other threads fail meanwhile.
void PostgresPool::connect(Connection& connection) {
    if (connection.given_up) throw Unavailable(no_connection);
    {
        const std::lock_guard lock(mutex_);
        if (failures_ > 0 && Steady::now() < next_try_) throw Unavailable(no_connection);
        if (failures_ > 0) next_try_ = Steady::now() + longest_pause;
    }
    try {
        connection.store = std::make_unique<PostgresStore>(settings_.address, PostgresDatabase::Prepare::kept,
                                                           clock_, &told_, &unanswered_);
        const std::lock_guard lock(mutex_);
        ++connected_;
        if (std::exchange(failures_, 0) > 0) base::log::write(base::log::Level::info, "store_back", {});
    } catch (const StoreError& failure) {
        const std::lock_guard lock(mutex_);
        if (failures_++ == 0)
            base::log::write(base::log::Level::error, "store_lost", {{"reason", failure.what()}});
        next_try_ = Steady::now() + std::min(longest_pause, first_pause * (1 << std::min(failures_, 6U)));
        throw;
    }
}

// Tells the listener what the step has committed. If loading the keys fails, the step still counts as done,
// and PostgresFeed loads them.
void PostgresPool::tell(Connection& connection) {
    const auto published = connection->take_published();
    if (!published.empty()) {
        listener_.on_revoked(published);
        told_.raise(connection->caught_up_to());
        if (feed_) feed_->wake();
    }
    if (!connection->take_keys_changed()) return;
    try {
        connection->begin();
        listener_.on_keys(*connection);
        connection->commit();
    } catch (const std::exception& failure) {
        base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
        drop(connection);
    }
}

std::exception_ptr PostgresPool::serve(Connection& connection, const Waiting& waiting, base::Timestamp at,
                                       std::optional<auth::Rotation>* rotated) {
    const bool is_rotated = rotated != nullptr && rotated->has_value();  // together with others
    if (!is_rotated && Steady::now() - waiting.since > settings_.longest_wait)
        return std::make_exception_ptr(Unavailable("PostgreSQL: the request waited too long"));
    for (int attempt = 1, prepared = 0;; ++attempt) {
        // An idle connection may have been lost long ago, so the step gets a second attempt on a new one.
        const bool was_connected = static_cast<bool>(connection);
        const auto note = [&] { note_unanswered(connection, waiting.work.rotation); };
        try {
            if (!connection) connect(connection);
            // Only the first attempt uses the shared rotation.
            if (auto* once = std::exchange(rotated, nullptr)) connection->begin_rotated(at, *once);
            else connection->begin();
            waiting.work.step(*connection);
            connection->commit();
            tell(connection);
            return nullptr;
        } catch (const AlreadyPrepared&) {
            connection->rollback();
            if (connection->is_broken()) drop(connection);
            // A step has more statements than attempts.
            if (++prepared < most_statements) --attempt;
            else if (attempt >= most_attempts) return std::current_exception();
        } catch (const Conflict&) {
            note();
            connection->rollback();
            if (connection->is_broken()) drop(connection);
            if (attempt >= most_attempts) return std::current_exception();
        } catch (const Unavailable&) {
            note();
            drop(connection);
            if (!was_connected) return std::current_exception();
        } catch (const Unknown& failure) {
            base::log::write(base::log::Level::error, "store_failed", {{"reason", failure.what()}});
            note();
            drop(connection);
            return std::current_exception();
        } catch (const std::exception&) {
            const auto failed = std::current_exception();
            note();
            if (connection) connection->rollback();
            if (connection && connection->is_broken()) drop(connection);
            return failed;
        }
    }
}

}  // namespace coatcheck::store
