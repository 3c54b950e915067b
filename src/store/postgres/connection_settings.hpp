// SPDX-License-Identifier: Apache-2.0
// The settings of a connection to PostgreSQL that apply unless its url says otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coatcheck::store {

using ConnectionSetting = std::pair<std::string, std::string>;

// A connection to another machine uses TLS and checks the database's certificate. Throws StoreError if the
// url is no address of a database.
std::vector<ConnectionSetting> defaults_for(const std::string& url);

// The settings of the url for each of its hosts alone, or of those in libpq's variables; at least one. libpq
// would judge by what the server said at log-in which of them accepts writes, and a pooler remembers that
// from before a failover. So each host is tried and asked.
std::vector<std::vector<ConnectionSetting>> hosts_of(const std::string& url);

// A message of libpq on one line, without the end of its line. Empty for null.
std::string trimmed(const char* message);

}  // namespace coatcheck::store
