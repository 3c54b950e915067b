// SPDX-License-Identifier: Apache-2.0
// The OAuth clients that the user has given something, for the user to see and to disconnect.
#include "auth/oauth/grants.hpp"
#include "base/reason.hpp"
#include "web/handlers.hpp"
#include "web/steps.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace coatcheck::web {

namespace json = boost::json;

Answer list_grants(Call& call) {
    auto connected = co_await from_store(call.service(), auth::connected_clients, call.user->subject);
    json::array rows;
    for (auto& row : connected) {
        // The mark of a consent to tokens for everything (--default-resource default).
        std::replace(row.resources.begin(), row.resources.end(), std::string("default"),
                     call.service().policy.audience);
        const auto client = call.service().clients.find(row.client);
        rows.push_back({{"client_id", row.client},
                        {"client_name", client ? json::value(client->name) : json::value(nullptr)},
                        {"scope", json::array(row.scope.begin(), row.scope.end())},
                        {"resources", json::array(row.resources.begin(), row.resources.end())},
                        {"live", row.live},
                        {"created_at", base::unix_seconds(row.since)},
                        {"last_used_at", base::unix_seconds(row.last_used)}});
    }
    co_return json_reply(200, {{"grants", std::move(rows)}});
}

Answer disconnect_client(Call& call) {
    const std::string client(call.argument);
    const auto actor = call.actor();
    const bool had_any = co_await in_store(call.service(), auth::disconnect_client, call.user->subject,
                                           client, actor);
    if (!had_any) co_return base::Reason::not_found;
    co_return no_content();
}

}  // namespace coatcheck::web
