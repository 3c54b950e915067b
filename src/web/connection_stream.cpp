// SPDX-License-Identifier: Apache-2.0
// A connection that follows the revocations: it is written to whenever there is more, and each second so that
// its reader knows that it is not cut off. What it sends is thrown away; that it closes is noticed.
#include "web/connection.hpp"
#include "web/revocation_feed.hpp"

namespace coatcheck::web {

void Connection::start_stream() {
    followed_ = response_.follow_after;
    in_size_ = 0;
    frame_.reset();
    loop_.follow(shared_from_this());
    read_more();
    if (state_ != State::closed) send();
}

// Fills and sends in turn, until the client has to read first or there is no more.
void Connection::stream_more() {
    if (streaming_ || state_ == State::closed) return;
    streaming_ = true;
    while (state_ != State::closed && out_.empty() && fill_stream()) send();
    streaming_ = false;
    if (state_ != State::closed && out_.empty()) enter(State::streaming);
}

bool Connection::fill_stream() {
    const auto& log = loop_.context().service.log;
    const auto entries = log.after(*followed_, feed_batch);
    if (!entries.empty()) {
        followed_ = entries.back().id;
        append_entries(out_, log.end().epoch, entries);
        return true;
    }
    if (told_synced_) return false;
    told_synced_ = true;
    append_position(out_, "synced", {log.end().epoch, *followed_});
    return true;
}

void Connection::beat() {
    if (state_ != State::streaming) return;
    append_position(out_, "heartbeat", {loop_.context().service.log.end().epoch, *followed_});
    send();
}

}  // namespace coatcheck::web
