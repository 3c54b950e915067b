// SPDX-License-Identifier: Apache-2.0
// The interface to the code above the transport, which answers requests. Each event loop has its own
// handler for each address that it listens on, and calls it only on the loop's thread.
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

    // Answers a complete request. Either writes `response` before it returns, and returns nullopt; or
    // returns a coroutine that writes it later, which runs on this event loop. `request` and `response`
    // live until that coroutine ends. Neither the call nor the coroutine may throw.
    virtual std::optional<Waiting> handle(const Request& request, Response& response) = 0;

    // Writes the answer to bytes that cannot become a request; the connection closes after it. `request`
    // holds the header, or is null if the header could not be read either; `bytes` is what has come.
    virtual void refuse(const base::Denied& denied, const Request* request, std::string_view bytes,
                        Response& response) = 0;
};

}  // namespace coatcheck::http
