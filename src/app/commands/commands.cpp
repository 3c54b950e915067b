// SPDX-License-Identifier: Apache-2.0
#include "app/commands/commands.hpp"

#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"

#include <algorithm>

namespace coatcheck::app {
namespace {

namespace json = boost::json;

struct Row {
    std::string_view command;
    Run* run;
    bool reads = false;  // it changes nothing
};
constexpr Row rows[] = {
    {"user add", user_add},
    {"user list", user_list, true},
    {"user set", user_set},
    {"user disable", user_disable},
    {"user enable", user_enable},
    {"user delete", user_delete},
    {"user password", user_password},
    {"session list", session_list, true},
    {"session end", session_end},
    {"key list", key_list, true},
    {"key rotate", key_rotate},
    {"key revoke", key_revoke},
    {"key reseal", key_reseal},
    {"service-key add", service_key_add},
    {"service-key list", service_key_list, true},
    {"service-key end", service_key_end},
    {"client add", client_add},
    {"client list", client_list, true},
    {"client show", client_show, true},
    {"client set", client_set},
    {"client disable", client_disable},
    {"client enable", client_enable},
    {"client end", client_end},
    {"client secret", client_secret},
    {"store restored", store_restored},
    {"store set-clock", store_set_clock},
    {"findings", findings, true},  // for doctor
    {"audit list", audit_list, true},
    {"token inspect", token_inspect, true},
    {"token verify", token_verify, true},
};

const Row* find(std::string_view command) {
    const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                   [&](const Row& one) { return one.command == command; });
    return row == std::end(rows) ? nullptr : row;
}

}  // namespace

bool only_reads(std::string_view command) {
    const Row* row = find(command);
    return row != nullptr && row->reads;
}

Reply execute(Node& node, const json::object& request) {
    const std::string command = text_of(request, "command");
    const Row* row = find(command);
    if (row == nullptr) return {2, "", {{"error", "unknown command"}}, "there is no command " + command};
    try {
        return row->run(node, request);
    } catch (const Refused& refused) {
        return {1, "", {{"error", refused.what()}}, refused.what()};
    } catch (const std::exception& failure) {
        return {1, "", {{"error", failure.what()}}, std::string("the command failed: ") + failure.what()};
    }
}

}  // namespace coatcheck::app
