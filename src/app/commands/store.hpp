// SPDX-License-Identifier: Apache-2.0
// Commands about the database itself, which need no node: they run where no server does, or beside it.
#pragma once

#include "app/commands/commands.hpp"

namespace coatcheck::app {

// "migrate plan", "migrate apply".
Reply migrate(const Config& config, const std::filesystem::path& directory, bool apply);

// "store copy": `request` has "from" (optional) and "to", urls as in store.url. Tells its progress on
// standard error.
Reply copy_store(const Config& config, const std::filesystem::path& directory,
                 const boost::json::object& request);

}  // namespace coatcheck::app
