// SPDX-License-Identifier: Apache-2.0
// A coroutine can wait for a step in the store, or for work in the hashing pool. It then continues on its
// own event loop, with the result of the step.
//
//   const auto session = co_await in_store(service, auth::end_session, id, event, actor);
//
// If another transaction conflicts with a step, the step is undone and runs again. So it must not write
// into variables of its caller, and its type makes that impossible: a step is a function, or a lambda that
// captures nothing. It gets its arguments as const references (std::ref() for an object that is made to be
// shared, such as auth::AttemptsInFlight).
#pragma once

#include "base/reason.hpp"
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

// The refusal to issue tokens while the server's clocks are apart (base/clock.hpp): they would end at a wrong
// time.
inline base::Denied clock_wrong() { return {base::Reason::clock_wrong, std::chrono::seconds(60)}; }

// Thrown if the queue of the hashing pool is full: 503 busy.
struct Busy : std::runtime_error {
    Busy() : std::runtime_error("the hashing queue is full") {}
};

namespace detail {

// Calls `ready` once on the event loop, after the last run of the step; before its commit if the store knows
// that this run is the last. Throws what the step or `ready` threw.
asio::awaitable<void> run_step(Service& service, auth::StoreQueue::Work work, std::function<void()> ready);

template <class T>
const T& argument(const T& value) {
    return value;
}
template <class T>
T& argument(std::reference_wrapper<T> value) {
    return value;
}

// The result of a step, empty before the step has run. std::monostate stands for void.
template <class T>
using Slot = std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>>;

template <class Store, class Step, class... Args>
using ResultOf = std::invoke_result_t<Step, Store&, decltype(argument(std::declval<const Args&>()))...>;

template <class Step>
constexpr bool captures_nothing = std::is_empty_v<Step> || std::is_member_function_pointer_v<Step> ||
                                  std::is_function_v<std::remove_pointer_t<Step>>;

template <class Store, class Step, class... Args>
asio::awaitable<ResultOf<Store, Step, Args...>> run(Service& service, bool only_reads, Step step,
                                                    const Args&... args) {
    static_assert(captures_nothing<Step>, "a step may run again: pass its arguments, and capture nothing");
    using Result = ResultOf<Store, Step, Args...>;
    Slot<Result> slot;
    auth::StoreQueue::Work work;
    work.only_reads = only_reads;
    work.step = [&](auth::Store& store) {
        Store& seen = store;  // as a ReadStore if the step only reads
        if constexpr (std::is_void_v<Result>) std::invoke(step, seen, argument(args)...);
        else {
            slot.reset();  // destroy the result of the earlier run first
            slot.emplace(std::invoke(step, seen, argument(args)...));
        }
    };
    co_await run_step(service, std::move(work), {});
    if constexpr (!std::is_void_v<Result>) co_return *std::move(slot);
}

}  // namespace detail

// Runs step(store, args...) in the store, and returns its result when it is durable. Throws what the step
// threw.
template <class Step, class... Args>
auto in_store(Service& service, Step step, const Args&... args) {
    return detail::run<auth::Store>(service, false, step, args...);
}

// As in_store(), for a step that only reads: it need not wait for a commit.
template <class Step, class... Args>
auto from_store(Service& service, Step step, const Args&... args) {
    return detail::run<auth::ReadStore>(service, true, step, args...);
}

// As in_store(), for a step whose first action is this rotation; the store may run many rotations in one
// statement. make(result) writes the reply, once, on the caller's event loop. If the store knows that the
// step will not run again, make() runs during the commit, so that signing and committing overlap: a
// signature takes as long as a commit. If the commit fails, nobody sees the reply.
template <class Make, class Step, class... Args>
Answer rotate_in_store(Service& service, const auth::RotateRequest& rotation, Make make, Step step,
                       const Args&... args) {
    static_assert(detail::captures_nothing<Step>,
                  "a step may run again: pass its arguments, and capture nothing");
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

// Runs `work` in the hashing pool. Requests with the same purpose wait for each other if they come from the
// same network or have the same service key. Returns when the work ended. Use it as time of issue, so that
// waiting does not shorten the token's life, after a look at whether the clocks are apart. Throws Busy, or
// what `work` threw.
asio::awaitable<base::Clocks> in_hashing_pool(Service& service, std::string_view purpose,
                                              const auth::Actor& by, std::function<void()> work);

}  // namespace coatcheck::web
