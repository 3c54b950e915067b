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

// Reads one small value from the store, so that 200 means that the store answers.
Answer show_readiness(Call& call) {
    Service& service = call.service();
    if (service.revocations.generation() == 0 || !service.store.is_current())
        co_return base::Denied{base::Reason::not_ready, std::chrono::seconds(1)};
    co_await in_store(service, &auth::Store::feed_epoch);
    co_return json_reply(200, {{"status", "ready"}});
}

base::Result<void> show_metrics(Call& call, Reply& reply) {
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = call.service().metrics.text(call.service().settings);
    return {};
}

}  // namespace coatcheck::web
