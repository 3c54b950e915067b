// SPDX-License-Identifier: Apache-2.0
// The steps that a request may wait for. A coroutine awaits them and goes on, on its own event loop.
#pragma once

#include "web/service.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <stdexcept>

namespace coatcheck::web {

namespace asio = boost::asio;

// Thrown where the hashing queue is full: 503 busy.
struct Busy : std::runtime_error {
    Busy() : std::runtime_error("the hashing queue is full") {}
};

// Runs `step` on the store and goes on when it is durable; throws what it threw.
// `step` may refer to the caller's locals: the caller waits.
asio::awaitable<void> in_store(Service& service, std::function<void(auth::Store&)> step);

// The same for a step that only reads: it waits for no commit.
asio::awaitable<void> from_store(Service& service, std::function<void(auth::Store&)> step);

// The same for a step that begins with this rotation. `then` is run after it, once, on the caller's event
// loop, while the step is being made durable if the store knows that it will not run again: a signature costs
// as long as a commit. What it makes may be sent when this is over, and not where this throws.
asio::awaitable<void> in_store(Service& service, const auth::RotateRequest& rotation,
                               std::function<void(auth::Store&)> step, std::function<void()> then);

// Runs `work` on the hashing pool; throws Busy, or what it threw. Gives the time after it: a token that is
// made then lives as long as it says, however many waited for the pool.
asio::awaitable<base::Timestamp> in_hashing_pool(Service& service, std::function<void()> work);

}  // namespace coatcheck::web
