// SPDX-License-Identifier: Apache-2.0
#include "web/session/page.hpp"

#include "http/query.hpp"

namespace coatcheck::web {

base::Result<auth::SessionPage> parse_session_page(const Call& call,
                                                   std::initializer_list<std::string_view> allowed) {
    constexpr std::size_t usual_page = 100, largest_page = 1000;
    const auto query = http::Query::parse(call.request.query, allowed);
    if (!query) return query.error();
    const auto limit = query->number("limit", usual_page, 1, largest_page);
    if (!limit) return limit.error();
    return auth::SessionPage{*limit, query->find("user"), query->text("after")};
}

boost::json::value next_page(const auth::SessionPage& page, const std::vector<auth::Session>& sessions) {
    if (sessions.size() < page.limit) return nullptr;
    return boost::json::value(sessions.back().id);
}

}  // namespace coatcheck::web
