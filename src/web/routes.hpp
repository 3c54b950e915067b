// SPDX-License-Identifier: Apache-2.0
// The table of routes: which path and method is answered by whom. An inline handler answers at once on the
// event loop; a waiting one is a coroutine that awaits store and hashing steps and does nothing else.
#pragma once

#include "web/http.hpp"
#include "web/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <string_view>

namespace coatcheck::web {

using InlineHandler = void (*)(Context&, const Request&, Response&);
using WaitingHandler = boost::asio::awaitable<void> (*)(Context&, const Request&, Response&);

struct Route {
    http::verb method;
    std::string_view path;  // its last part may stand for any, as {id}
    InlineHandler now = nullptr;
    WaitingHandler waits = nullptr;
    bool cross_origin = true;  // listed origins may read its answers
    bool any_method = false;   // proxies pass on whatever method the client used
};

// Sign-in for clients that were written to the envelope (docs/dialects.md).
inline constexpr std::string_view envelope_route = "/api/v1/authentication/envelope";

// What a listener serves.
std::span<const Route> public_routes();
std::span<const Route> metrics_routes();

struct Match {
    const Route* route = nullptr;  // null: not found, or another method
    bool path_known = false;
    std::string allow;          // the methods of a known path, where `route` is null
    std::string_view argument;  // what stood for it
    bool cross_origin = false;
};
// HEAD is answered as GET without its body.
Match find_route(std::span<const Route> routes, http::verb method, std::string_view path);

}  // namespace coatcheck::web
