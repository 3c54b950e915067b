// SPDX-License-Identifier: Apache-2.0
// Pages of a list of sessions, in the order of their ids.
#pragma once

#include "auth/store/sessions.hpp"
#include "web/call.hpp"

#include <boost/json/value.hpp>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace coatcheck::web {

// Reads `limit` (1 to 1000; 100 if absent), `after` and `user` from the query, as far as `allowed` names
// them. malformed_request.
base::Result<auth::SessionPage> parse_session_page(const Call& call,
                                                   std::initializer_list<std::string_view> allowed);
// Returns the `after` of the next page, or null if this page is not full. A full page may be the last one:
// then the next page is empty.
boost::json::value next_page(const auth::SessionPage& page, const std::vector<auth::Session>& sessions);

}  // namespace coatcheck::web
