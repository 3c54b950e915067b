// SPDX-License-Identifier: Apache-2.0
// Serves the feed: as a stream for followers that can keep a connection open, and as a snapshot with a tag
// for all others.
#include "base/reason.hpp"
#include "http/query.hpp"
#include "http/static_file.hpp"
#include "web/handlers.hpp"
#include "web/verify/revocation_feed.hpp"

namespace coatcheck::web {
namespace {

constexpr std::string_view event_stream = "text/event-stream";

// The stream of one follower: entries, and `synced` once, when the follower has all of them.
class FeedStream final : public http::Stream {
public:
    FeedStream(const auth::RevocationLog& log, std::uint64_t after, const auth::ServiceKeys& keys,
               std::string key)
        : log_(log), sent_(after), keys_(keys), key_(std::move(key)), checked_(keys.generation() - 1) {}

    bool goes_on(base::Timestamp) override {
        const auto generation = keys_.generation();
        if (generation == checked_) return true;
        checked_ = generation;
        return keys_.has(key_);
    }
    bool fill(std::string& out) override {
        const auto entries = log_.after(sent_, feed_batch);
        if (!entries.empty()) {
            sent_ = entries.back().id;
            append_entries(out, log_.end().epoch, entries);
            return true;
        }
        if (told_synced_) return false;
        told_synced_ = true;
        append_position(out, "synced", {log_.end().epoch, sent_});
        return true;
    }
    void beat(std::string& out) override { append_position(out, "heartbeat", {log_.end().epoch, sent_}); }

private:
    const auth::RevocationLog& log_;
    std::uint64_t sent_;  // the id of the last entry that was sent
    bool told_synced_ = false;
    const auth::ServiceKeys& keys_;
    const std::string key_;  // the id of the follower's service key
    std::uint64_t checked_;  // the generation of the keys at which this one was found
};

}  // namespace

base::Result<void> show_revocations(Call& call, Reply& reply) {
    const Service& service = call.service();
    const Request& request = call.request;
    if (service.revocations.generation() == 0)
        return base::Denied{base::Reason::not_ready, std::chrono::seconds(1)};

    if (request.value(http::field::accept).find(event_stream) != std::string_view::npos) {
        const auto from = resume(service.log, request.value("Last-Event-ID"));
        reply.content_type = event_stream;
        reply.field("X-Accel-Buffering", "no");  // nginx passes each event on as it comes
        if (from.anew) append_reset(reply.body);
        reply.stream = std::make_unique<FeedStream>(service.log, from.after, service.service_keys,
                                                    call.service_key.id);
        return {};
    }
    const auto from = resume(service.log, http::raw_value(request.query, "since"));
    std::string tag(1, '"');
    tag.append(service.log.end().write()).append(1, '"');
    reply.field("ETag", tag);
    reply.field("Vary", "Accept");
    if (http::is_current(request, tag)) reply.status = 304;
    else write_json(reply, 200, write_snapshot(service.log, from));
    return {};
}

}  // namespace coatcheck::web
