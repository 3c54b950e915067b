// SPDX-License-Identifier: Apache-2.0
#include "web/steps.hpp"

#include <boost/asio/this_coro.hpp>
#include <memory>
#include <new>
#include <utility>

namespace coatcheck::web {
namespace {

using Done = void(std::exception_ptr);
using DoneAt = void(std::exception_ptr, base::Timestamp);

// A handler that waits, and the event loop on which it goes on. Work that is waited for keeps that loop
// alive.
template <class Handler>
class Waiting {
public:
    Waiting(Handler handler, std::function<void()> then)
        : loop_(asio::prefer(asio::get_associated_executor(handler),
                             asio::execution::outstanding_work.tracked)),
          handler_(std::move(handler)),
          then_(std::move(then)) {}

    // Both may be called on any thread, and their effects come in this order.
    static void prepare(std::shared_ptr<Waiting> self) noexcept {
        try {
            asio::post(self->loop_, [self] { self->run_then(); });
        } catch (const std::bad_alloc&) {
            // Then resume() does it.
        }
    }
    template <class... Result>
    static void resume(std::shared_ptr<Waiting> self, std::exception_ptr failed, Result... result) {
        asio::post(self->loop_, [self, failed, result...] {
            if (!failed) self->run_then();
            std::move(self->handler_)(failed ? failed : self->then_failed_, result...);
        });
    }

private:
    void run_then() {
        if (!then_) return;
        try {
            std::exchange(then_, nullptr)();
        } catch (...) {
            then_failed_ = std::current_exception();
        }
    }

    decltype(asio::prefer(asio::get_associated_executor(std::declval<Handler&>()),
                          asio::execution::outstanding_work.tracked)) loop_;
    Handler handler_;
    std::function<void()> then_;  // once
    std::exception_ptr then_failed_;
};

template <class Handler>
auto wait_for(Handler handler, std::function<void()> then = {}) {
    return std::make_shared<Waiting<Handler>>(std::move(handler), std::move(then));
}

asio::awaitable<void> post(Service& service, std::function<void(auth::Store&)> step, bool only_reads) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, Done>(
        [&service, only_reads](auto handler, std::function<void(auth::Store&)> work) {
            const auto waiting = wait_for(std::move(handler));
            service.store.post(
                {.step = std::move(work),
                 .done = [waiting](std::exception_ptr failed) { waiting->resume(waiting, failed); },
                 .only_reads = only_reads});
        },
        asio::use_awaitable, std::move(step));
}

}  // namespace

asio::awaitable<void> in_store(Service& service, std::function<void(auth::Store&)> step) {
    return post(service, std::move(step), false);
}
asio::awaitable<void> from_store(Service& service, std::function<void(auth::Store&)> step) {
    return post(service, std::move(step), true);
}

asio::awaitable<void> in_store(Service& service, const auth::RotateRequest& rotation,
                               std::function<void(auth::Store&)> step, std::function<void()> then) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, Done>(
        [&service, &rotation](auto handler, std::function<void(auth::Store&)> work,
                              std::function<void()> next) {
            const auto waiting = wait_for(std::move(handler), std::move(next));
            service.store.post({std::move(work),
                                [waiting](std::exception_ptr failed) { waiting->resume(waiting, failed); },
                                [waiting] { waiting->prepare(waiting); }, &rotation});
        },
        asio::use_awaitable, std::move(step), std::move(then));
}

asio::awaitable<base::Timestamp> in_hashing_pool(Service& service, std::function<void()> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, DoneAt>(
        [&service](auto handler, std::function<void()> job) {
            const auto waiting = wait_for(std::move(handler));
            const bool taken = service.hashing.try_post([job = std::move(job), waiting] {
                std::exception_ptr failed;
                try {
                    job();
                } catch (...) {
                    failed = std::current_exception();
                }
                waiting->resume(waiting, failed, base::read_clock());
            });
            if (!taken) waiting->resume(waiting, std::make_exception_ptr(Busy()), base::Timestamp());
        },
        asio::use_awaitable, std::move(work));
}

}  // namespace coatcheck::web
