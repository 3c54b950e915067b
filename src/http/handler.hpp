// SPDX-License-Identifier: Apache-2.0
// What stands above the transport: a program that answers requests. Each event loop has a handler of its own
// for each address that it listens on, and calls it on its own thread only.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <optional>

namespace coatcheck::http {

using Waiting = boost::asio::awaitable<void>;

class Handler {
public:
    virtual ~Handler() = default;

    // Answers a request that has arrived whole. Either writes `response` before it returns, and gives
    // nothing; or gives a coroutine that writes it later, and is run on this event loop. `request` and
    // `response` live until that coroutine ends. Neither the call nor the coroutine may throw.
    virtual std::optional<Waiting> handle(const Request& request, Response& response) = 0;

    // Writes the answer to bytes that cannot become a request: the connection closes after it. `request`
    // holds the header; it is null if that could not be read either.
    virtual void refuse(const base::Denied& denied, const Request* request, Response& response) = 0;
};

}  // namespace coatcheck::http
