// SPDX-License-Identifier: Apache-2.0
#include "app/commands/commands.hpp"

#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"

namespace coatcheck::app {
namespace {

namespace json = boost::json;

struct Row {
    std::string_view command;
    Run* run;
};
constexpr Row rows[] = {
    {"user add", user_add},
    {"user list", user_list},
    {"user set", user_set},
    {"user disable", user_disable},
    {"user enable", user_enable},
    {"user delete", user_delete},
    {"user password", user_password},
    {"session list", session_list},
    {"session end", session_end},
    {"key list", key_list},
    {"key rotate", key_rotate},
    {"key revoke", key_revoke},
    {"key reseal", key_reseal},
    {"service-key add", service_key_add},
    {"service-key list", service_key_list},
    {"service-key end", service_key_end},
    {"store restored", store_restored},
    {"store set-clock", store_set_clock},
    {"clock", clock_state},  // for doctor
    {"audit list", audit_list},
    {"token inspect", token_inspect},
    {"token verify", token_verify},
};

}  // namespace

Reply execute(Node& node, const json::object& request) {
    const std::string command = text_of(request, "command");
    for (const Row& row : rows) {
        if (row.command != command) continue;
        try {
            return row.run(node, request);
        } catch (const Refused& refused) {
            return {1, "", {{"error", refused.what()}}, refused.what()};
        } catch (const std::exception& failure) {
            return {1, "", {{"error", failure.what()}}, std::string("the command failed: ") + failure.what()};
        }
    }
    return {2, "", {{"error", "unknown command"}}, "there is no command " + command};
}

}  // namespace coatcheck::app
