// SPDX-License-Identifier: Apache-2.0
// With --dev, the server tells developers which setting is wrong. A page whose requests fail reports what
// it saw. The server compares the report with its settings, and names the setting to change. The advice
// appears in the console of the developer's browser.
#pragma once

#include "web/service.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::web {

// The report of a page.
struct Complaint {
    std::string_view code;     // network_error, refresh_token_missing, token_missing
    std::string_view storage;  // the SDK's `storage`: memory, cookie, localStorage ...
    std::optional<base::Timestamp> browser_time;
};
// Reads a query such as code=network_error&storage=memory&now=1795540618.
Complaint parse_complaint(std::string_view query);

// Returns the advice: at least one sentence, the most likely cause first.
std::vector<std::string> diagnose(const Request& request, const Settings& settings,
                                  const Complaint& complaint);

}  // namespace coatcheck::web
