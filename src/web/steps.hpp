// SPDX-License-Identifier: Apache-2.0
// What a coroutine may wait for: a step in the store, or work in the hashing pool. It goes on afterwards, on
// its own event loop, with what the step returned.
//
//   const auto session = co_await in_store(service, auth::end_session, id, event, actor);
//
// A step may be undone and run again, if another transaction gets in its way. So it must not write into its
// caller's variables, and its type makes that impossible: a step is a function, or a lambda that captures
// nothing. It gets its arguments as const references (std::ref() for an object that is made to be shared,
// such as auth::AttemptsInFlight).
#pragma once

#include "web/call.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace coatcheck::web {

namespace asio = boost::asio;

// Thrown if the hashing queue is full: 503 busy.
struct Busy : std::runtime_error {
    Busy() : std::runtime_error("the hashing queue is full") {}
};

namespace detail {

// `ready` is called once on the event loop when the step has run and will not run again, before its commit if
// the store can tell. Throws what the step or `ready` threw.
asio::awaitable<void> run_step(Service& service, auth::StoreQueue::Work work, std::function<void()> ready);

template <class T>
const T& argument(const T& value) {
    return value;
}
template <class T>
T& argument(std::reference_wrapper<T> value) {
    return value;
}

// A step's result before it has run. void is kept as nothing.
template <class T>
using Slot = std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>>;

template <class Store, class Step, class... Args>
using ResultOf = std::invoke_result_t<Step, Store&, decltype(argument(std::declval<const Args&>()))...>;

template <class Step>
constexpr bool keeps_nothing = std::is_empty_v<Step> || std::is_member_function_pointer_v<Step> ||
                               std::is_function_v<std::remove_pointer_t<Step>>;

template <class Store, class Step, class... Args>
asio::awaitable<ResultOf<Store, Step, Args...>> run(Service& service, bool only_reads, Step step,
                                                    const Args&... args) {
    static_assert(keeps_nothing<Step>,
                  "a step may run again: give it its arguments, and let it capture nothing");
    using Result = ResultOf<Store, Step, Args...>;
    Slot<Result> slot;
    auth::StoreQueue::Work work;
    work.only_reads = only_reads;
    work.step = [&](auth::Store& store) {
        Store& seen = store;
        if constexpr (std::is_void_v<Result>) std::invoke(step, seen, argument(args)...);
        else {
            slot.reset();  // where the step runs again: what the first run holds is given back before
            slot.emplace(std::invoke(step, seen, argument(args)...));
        }
    };
    co_await run_step(service, std::move(work), {});
    if constexpr (!std::is_void_v<Result>) co_return *std::move(slot);
}

}  // namespace detail

// Runs step(store, args...) on the store, and gives its result when it is durable. Throws what the step
// threw.
template <class Step, class... Args>
auto in_store(Service& service, Step step, const Args&... args) {
    return detail::run<auth::Store>(service, false, step, args...);
}

// The same for a step that only reads: it waits for no commit.
template <class Step, class... Args>
auto from_store(Service& service, Step step, const Args&... args) {
    return detail::run<auth::ReadStore>(service, true, step, args...);
}

// The same as in_store() for a step that begins with this rotation, which the store may do for many requests
// at once. make(result) makes the reply on the caller's event loop, once, while the step is being made
// durable if the store knows that it will not run again: a signature costs as much time as a commit. Nobody
// sees the reply if the commit fails.
template <class Make, class Step, class... Args>
Answer rotate_in_store(Service& service, const auth::RotateRequest& rotation, Make make, Step step,
                       const Args&... args) {
    static_assert(detail::keeps_nothing<Step>, "a step may run again");
    detail::Slot<detail::ResultOf<auth::Store, Step, Args...>> slot;
    std::optional<base::Result<Reply>> reply;
    auth::StoreQueue::Work work;
    work.rotation = &rotation;
    work.step = [&](auth::Store& store) {
        slot.reset();
        slot.emplace(step(store, detail::argument(args)...));
    };
    co_await detail::run_step(service, std::move(work), [&] { reply.emplace(make(*std::move(slot))); });
    co_return *std::move(reply);
}

// Runs `work` in the hashing pool. Gives the time after it: a token that is made then lives as long as it
// says, however many requests waited for the pool. Throws Busy, or what `work` threw.
asio::awaitable<base::Timestamp> in_hashing_pool(Service& service, std::function<void()> work);

}  // namespace coatcheck::web
