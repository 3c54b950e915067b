// SPDX-License-Identifier: Apache-2.0
#include "web/steps.hpp"

#include <boost/asio/this_coro.hpp>
#include <memory>

namespace coatcheck::web {
namespace {

using Done = void(std::exception_ptr);
using DoneAt = void(std::exception_ptr, base::Timestamp);

// Lets the handler go on where it came from; `tell` tells it what there is to tell. Work that is waited for keeps that event loop alive.
template <class Handler, class Tell>
std::function<void(std::exception_ptr)> resume_on_its_loop(Handler handler, Tell tell) {
    auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<Handler>(std::move(handler));  // std::function wants to copy
    return [shared, executor, tell](std::exception_ptr failed) {
        asio::post(executor, [shared, failed, tell] { tell(std::move(*shared), failed); });
    };
}

}  // namespace

asio::awaitable<void> in_store(Service& service, std::function<void(auth::Store&)> step, const auth::RotateRequest* rotation) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, Done>(
        [&service, rotation](auto handler, std::function<void(auth::Store&)> work) {
            auto done = resume_on_its_loop(std::move(handler), [](auto&& goes_on, std::exception_ptr failed) { std::move(goes_on)(failed); });
            if (rotation != nullptr) service.store.post_rotation(*rotation, std::move(work), std::move(done));
            else service.store.post(std::move(work), std::move(done));
        },
        asio::use_awaitable, std::move(step));
}

asio::awaitable<base::Timestamp> in_hashing_pool(Service& service, std::function<void()> work) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, DoneAt>(
        [&service](auto handler, std::function<void()> job) {
            const auto resume = resume_on_its_loop(std::move(handler), [](auto&& goes_on, std::exception_ptr failed) { std::move(goes_on)(failed, base::read_clock()); });
            const bool taken = service.hashing.try_post([job = std::move(job), resume] {
                std::exception_ptr failed;
                try {
                    job();
                } catch (...) {
                    failed = std::current_exception();
                }
                resume(failed);
            });
            if (!taken) resume(std::make_exception_ptr(Busy()));
        },
        asio::use_awaitable, std::move(work));
}

}  // namespace coatcheck::web
