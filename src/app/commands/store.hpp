// SPDX-License-Identifier: Apache-2.0
// Commands on the database itself. They need no node, and do not go through the control socket.
#pragma once

#include "app/commands/commands.hpp"

namespace coatcheck::app {

// "migrate plan", "migrate apply".
Reply migrate(const Config& config, const std::filesystem::path& directory, bool apply);

// "store copy": `request` has "from" (optional) and "to", urls in the form of store.url. Writes its progress
// to standard error.
Reply copy_store(const Config& config, const std::filesystem::path& directory,
                 const boost::json::object& request);

}  // namespace coatcheck::app
