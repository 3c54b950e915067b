// SPDX-License-Identifier: Apache-2.0
// Health, readiness and metrics, for operators and their tools.
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

namespace coatcheck::web {

base::Result<void> show_health(Call&, Reply& reply) {
    write_json(reply, 200, R"({"status":"ok"})");
    return {};
}

// Writes to the store, so that 200 means that sign-ins and refreshes work. It writes about once a second at
// most, however many clients ask, and otherwise reads one small value.
Answer show_readiness(Call& call) {
    Service& service = call.service();
    if (service.revocations.generation() == 0 || !service.store.is_current())
        co_return base::Denied{base::Reason::not_ready, std::chrono::seconds(1)};
    if (service.draining)
        co_return base::Denied{base::Reason::not_ready, std::chrono::seconds(1),
                               "the server is about to stop"};
    if (call.request.clocks.are_apart()) co_return clock_wrong();
    constexpr base::Duration holds = std::chrono::seconds(1);
    const base::Timestamp now = call.request.clocks.steady;
    const base::Timestamp written = service.written;
    if (now < written || now - written >= holds) {
        co_await in_store(service, &auth::Store::prove_writable);
        service.written = now;
    } else {
        co_await in_store(service, &auth::Store::feed_epoch);
    }
    co_return json_reply(200, {{"status", "ready"}});
}

base::Result<void> show_metrics(Call& call, Reply& reply) {
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = call.service().metrics.text(call.service().settings);
    return {};
}

}  // namespace coatcheck::web
