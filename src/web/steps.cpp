// SPDX-License-Identifier: Apache-2.0
#include "web/steps.hpp"
#include "base/clock.hpp"
#include "base/memory.hpp"
#include "base/network.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <new>
#include <utility>

namespace coatcheck::web {
namespace {

using Done = void(std::exception_ptr);
using DoneAt = void(std::exception_ptr, base::Clocks);

// A suspended coroutine (`handler_` resumes it) and the event loop on which it continues. It keeps that
// loop running.
template <class Handler>
class Waiting {
public:
    Waiting(Handler handler, std::function<void()> next)
        : loop_(asio::prefer(asio::get_associated_executor(handler),
                             asio::execution::outstanding_work.tracked)),
          handler_(std::move(handler)),
          next_(std::move(next)) {}

    bool has_next() const { return next_ != nullptr; }
    // Both may be called on any thread. prepare() is called before resume(), so its work runs first.
    static void prepare(std::shared_ptr<Waiting> self) noexcept {
        try {
            asio::post(self->loop_, [self] { self->run_next(); });
        } catch (...) {
            // There is no memory for it: resume() calls run_next() instead.
        }
    }
    template <class... Result>
    static void resume(std::shared_ptr<Waiting> self, std::exception_ptr failed, Result... result) {
        base::once_memory_allows([&] {
            asio::post(self->loop_, [self, failed, result...] {
                if (!failed) self->run_next();
                std::move(self->handler_)(failed ? failed : self->next_failed_, result...);
            });
        });
    }

private:
    void run_next() {
        if (!next_) return;
        try {
            std::exchange(next_, nullptr)();
        } catch (...) {
            next_failed_ = std::current_exception();
        }
    }

    decltype(asio::prefer(asio::get_associated_executor(std::declval<Handler&>()),
                          asio::execution::outstanding_work.tracked)) loop_;
    Handler handler_;
    std::function<void()> next_;  // called once at most
    std::exception_ptr next_failed_;
};

template <class Handler>
auto wait_for(Handler handler, std::function<void()> next = {}) {
    return base::once_memory_allows(
        [&] { return std::make_shared<Waiting<Handler>>(std::move(handler), std::move(next)); });
}

// Calls hand_over(), which passes `waiting` on to another thread. A failure to do so resumes the coroutine.
template <class Handler, class HandOver, class... Result>
void resuming_after_failure(const std::shared_ptr<Waiting<Handler>>& waiting, HandOver hand_over,
                            Result... result) {
    try {
        hand_over();
    } catch (...) {
        waiting->resume(waiting, std::current_exception(), result...);
    }
}

}  // namespace

asio::awaitable<void> detail::run_step(Service& service, auth::StoreQueue::Work work,
                                       std::function<void()> ready) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, Done>(
        [&service](auto handler, auth::StoreQueue::Work posted, std::function<void()> next) {
            const auto waiting = wait_for(std::move(handler), std::move(next));
            resuming_after_failure(waiting, [&] {
                posted.done = [waiting](std::exception_ptr failed) { waiting->resume(waiting, failed); };
                if (waiting->has_next()) posted.ran = [waiting] { waiting->prepare(waiting); };
                service.store.post(std::move(posted));
            });
        },
        asio::use_awaitable, std::move(work), std::move(ready));
}

asio::awaitable<base::Clocks> in_hashing_pool(Service& service, std::string_view purpose,
                                              const auth::Actor& by, std::function<void()> work) {
    std::string source(purpose);
    source += by.service_key.empty() ? " at " + base::network_of(by.address) : " by " + by.service_key;
    return asio::async_initiate<const asio::use_awaitable_t<>&, DoneAt>(
        [&service](auto handler, std::function<void()> job, const std::string& from) {
            const auto waiting = wait_for(std::move(handler));
            resuming_after_failure(
                waiting,
                [&] {
                    const bool taken = service.hashing.try_post(from, [job = std::move(job), waiting] {
                        std::exception_ptr failed;
                        try {
                            job();
                        } catch (...) {
                            failed = std::current_exception();
                        }
                        waiting->resume(waiting, failed, base::read_clocks());
                    });
                    if (!taken) throw Busy();
                },
                base::Clocks());
        },
        asio::use_awaitable, std::move(work), std::move(source));
}

}  // namespace coatcheck::web
