// SPDX-License-Identifier: Apache-2.0
// Tells a page at once when its session has ended, so that it need not call anything to notice.
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/public_reason.hpp"

namespace coatcheck::web {
namespace {

constexpr int beats_between_signs = 15;  // seconds

// Server-Sent Events (HTML, §9.2). `live` at the start; then `ended`, or `stale` if tokens of the user no
// longer count: perhaps the user was disabled, or has changed the password and goes on. A refresh says which.
// The stream ends with its token.
class SessionStream final : public http::Stream {
public:
    SessionStream(const verify::Revocations& revocations, std::shared_ptr<const token::AccessClaims> claims,
                  Watchers::Place place)
        : revocations_(revocations), claims_(std::move(claims)), place_(std::move(place)) {}

    bool goes_on(base::Timestamp now) override { return !is_over_ && now < claims_->expires; }
    bool fill(std::string& out) override {
        if (!std::exchange(has_begun_, true)) {
            out += "event: live\ndata: {\"expires_at\":" +
                   std::to_string(base::unix_seconds(claims_->expires)) + "}\n\n";
            return true;
        }
        const auto generation = revocations_.generation();
        if (is_over_ || std::exchange(checked_, generation) == generation) return false;
        const auto reason = revocations_.judge(claims_->session, claims_->subject, claims_->version,
                                               claims_->issued);
        if (!reason) return false;
        is_over_ = true;
        const bool has_ended = revocations_.has_ended(claims_->session);
        out.append(has_ended ? "event: ended" : "event: stale").append("\ndata: {\"code\":\"");
        out.append(public_reason(*reason).code).append("\"}\n\n");
        return true;
    }
    // A comment, so that a connection that is dead is noticed.
    void beat(std::string& out) override {
        if (++beats_ % beats_between_signs == 0) out += ":\n\n";
    }

private:
    const verify::Revocations& revocations_;
    const std::shared_ptr<const token::AccessClaims> claims_;
    const Watchers::Place place_;
    std::uint64_t checked_ = 0;  // the generation of the revocations at the last look
    bool has_begun_ = false, is_over_ = false;
    int beats_ = 0;
};

}  // namespace

base::Result<void> watch_session(Call& call, Reply& reply) {
    auto place = call.service().watchers.enter(call.user->subject);
    if (!place) return place.error();
    reply.content_type = "text/event-stream";
    reply.field("X-Accel-Buffering", "no");  // nginx passes each event on as it comes
    reply.stream = std::make_unique<SessionStream>(call.service().revocations, call.user, *std::move(place));
    return {};
}

}  // namespace coatcheck::web
