// SPDX-License-Identifier: Apache-2.0
// The findings of a running server, for `doctor`.
#include "app/commands/arguments.hpp"
#include "app/commands/nouns.hpp"
#include "app/doctor.hpp"
#include "base/clock.hpp"

namespace coatcheck::app {

// One sentence on each line.
Reply findings(Node& node, const boost::json::object&) {
    std::string text;
    const auto add = [&](const std::string& sentence) {
        if (!sentence.empty()) text.append(text.empty() ? "" : "\n").append(sentence);
    };
    add(clock_is_wrong(base::read_clocks()));
    for (const auto& sentence : node.noticed()) add(sentence);
    return {0, text, {}, ""};
}

}  // namespace coatcheck::app
