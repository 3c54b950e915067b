// SPDX-License-Identifier: Apache-2.0
// With --dev the server says what is set wrong: a page that cannot get through tells what it saw, the server
// holds that against its settings and names the one to change. For the console of a developer's browser.
#pragma once

#include "web/service.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::web {

// What a page saw.
struct Complaint {
    std::string_view code;     // network_error, refresh_token_missing, token_missing
    std::string_view storage;  // of the client: memory, cookie, localStorage ...
    std::optional<base::Timestamp> browser_time;
};
// From a query such as code=network_error&storage=memory&now=1795540618.
Complaint parse_complaint(std::string_view query);

// Sentences, the likeliest cause first; never none.
std::vector<std::string> diagnose(const Request& request, const Settings& settings,
                                  const Complaint& complaint);

}  // namespace coatcheck::web
