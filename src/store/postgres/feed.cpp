// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/feed.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/threads.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>

namespace coatcheck::store {
namespace {

constexpr std::chrono::milliseconds patience{500};  // between two looks
constexpr std::chrono::seconds clock_is_noted_every{1};
constexpr std::chrono::seconds longest_silence{3};
constexpr std::size_t batch = 1000;
using Steady = std::chrono::steady_clock;

}  // namespace

PostgresFeed::PostgresFeed(PostgresAddress address, auth::StoreListener& listener, std::uint64_t after,
                           PlaceTold& told)
    : address_(std::move(address)),
      listener_(listener),
      seen_(after),
      told_(told),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_(base::start_thread("the revocation feed", [this] { loop(); })) {}

PostgresFeed::~PostgresFeed() {
    stopping_ = true;
    wake();
    thread_.join();
    ::close(wake_);
}

void PostgresFeed::wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void PostgresFeed::loop() {
    bool lost = false;
    while (!stopping_) {
        try {
            if (!store_) connect();
            look();
            if (std::exchange(lost, false)) base::log::write(base::log::Level::info, "feed_back", {});
        } catch (const std::exception& failure) {
            if (!std::exchange(lost, true))
                base::log::write(base::log::Level::error, "feed_lost", {{"reason", failure.what()}});
            store_.reset();
        }
        connected_ = store_ != nullptr;
        try {
            wait();
        } catch (const std::exception&) {
            store_.reset();  // the next look connects again, and logs a failure
            connected_ = false;
        }
    }
}

void PostgresFeed::connect() {
    auto store = std::make_unique<PostgresStore>(address_, PostgresDatabase::Prepare::never,
                                                 base::read_clock);
    store->database().execute("LISTEN coatcheck", std::chrono::seconds(5));
    store_ = std::move(store);
}

void PostgresFeed::look() {
    store_->begin();
    store_->commit_locally();
    const auto state = store_->look();
    if (state.from_standby)
        throw StoreError(
            "a standby answered, which may not know of the latest revocations: if a balancer sends reads to "
            "standbys, set store.url and store.listen_url to the primary");
    // A standby that took over may lack the latest positions. They must not be given again: a follower that
    // has seen them would not look there.
    if (state.last_id < seen_) store_->skip_places(seen_);
    if (state.without_place) store_->give_places();
    store_->commit();
    // After set_clock() or a restored copy, time starts anew.
    base::follow_clock(state.clock, state.noted, std::exchange(epoch_, state.epoch) != state.epoch);

    for (std::size_t count = batch; count == batch && !stopping_;) {
        store_->begin();
        const auto entries = store_->after(seen_, batch);
        store_->commit();
        count = entries.size();
        if (entries.empty()) break;
        listener_.on_revoked(entries);
        told_.raise(entries.back().id);
        listener_.on_feed(entries);
        seen_ = entries.back().id;
    }
    if (state.keys_version != keys_version_) {
        store_->begin();
        listener_.on_keys(*store_);
        store_->commit();
        keys_version_ = state.keys_version;
    }
    looked_ = Steady::now().time_since_epoch().count();
    // Last, and in a transaction of its own, because a step that changes keys keeps this row locked until it
    // ends.
    store_->begin();
    store_->commit_locally();
    if (store_->now() >= state.noted + clock_is_noted_every) store_->note_clock(store_->now(), state.epoch);
    store_->commit();
}

bool PostgresFeed::is_current() const {
    return Steady::now().time_since_epoch() - Steady::duration(looked_.load()) < longest_silence;
}

void PostgresFeed::wait() {
    // If a NOTIFY came while we looked, look again at once.
    if (store_ && store_->database().take_notifications()) return;
    pollfd wanted[] = {{wake_, POLLIN, 0}, {store_ ? store_->database().socket() : -1, POLLIN, 0}};
    ::poll(wanted, 2, static_cast<int>(patience.count()));
    std::uint64_t times = 0;
    [[maybe_unused]] const auto read = ::read(wake_, &times, sizeof times);
    if (wanted[1].revents != 0) store_->database().take_notifications();
}

}  // namespace coatcheck::store
