// SPDX-License-Identifier: Apache-2.0
// The edge between the transport and the handlers: one function for every request. It finds the route and
// the credential that the route's row asks for, applies the CSRF rule, checks the type of the body, calls
// the handler, and writes the handler's refusal in the row's style. Exceptions from all code below are
// caught here, and nowhere else.
#pragma once

#include "http/handler.hpp"
#include "web/metrics.hpp"
#include "web/routes.hpp"

#include <span>

namespace coatcheck::web {

// Each event loop has its own edge for each address that it listens on.
class Edge : public http::Handler {
public:
    // `counters` counts the answers of public_routes(), and every refusal.
    Edge(Service& service, std::span<const Route> routes, Counters& counters);

    std::optional<http::Waiting> handle(const Request& request, Reply& reply) override;
    void refuse(const base::Denied& denied, const Request* request, std::string_view bytes,
                Reply& reply) override;

private:
    http::Match<Route> find(const Request& request) const;
    void answer_now(const Route& route, Call call, Reply& reply);
    http::Waiting answer_later(const Route& route, std::string_view argument, const Request& request,
                               Reply& reply);
    // Writes the answer to a request that no row takes.
    void answer_unknown(const http::Match<Route>& match, const Request& request, Reply& reply);
    void write(const Route& route, const Request& request, Reply& reply, const base::Denied* denied);
    // Adds the CORS fields to the answer, counts it and logs it.
    void finish(const Route* route, Readers readers, const Request& request, Reply& reply,
                const base::Denied* denied);
    bool may_log_refusal(base::Timestamp now);

    Context context_;
    const std::span<const Route> routes_;
    Counters& counters_;
    std::int64_t last_refusal_second_ = 0;
};

}  // namespace coatcheck::web
