// SPDX-License-Identifier: Apache-2.0
// How a function reports a failure. A refusal that we expect is a value: Result<T> holds a T or a Denied. A
// broken environment throws an exception. A bug of ours aborts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace coatcheck::base {

// Why a request is refused. base/reason.hpp, which is generated from api/reasons.yaml, names the reasons. A
// file that only passes refusals on needs only this declaration, and is not compiled again when a reason is
// added.
enum class Reason : std::uint8_t;

struct Denied {
    Reason reason;
    std::chrono::seconds retry_after{0};  // 0: the answer does not say when to try again
    std::string detail{};                 // a public explanation; may be empty
    std::string member{};                 // the invalid member of the body; may be empty
};

// Writes `what` to standard error and aborts. Called when a Result is asked for what it does not hold.
[[noreturn]] void abort_on_misuse(const char* what);

// A T, or the reason why there is none. To ask a refusal for its value, or a success for its error, is a bug
// of the caller and aborts in every build.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    template <class U = T>
    requires std::is_convertible_v<U&&, T> &&(!std::is_same_v<std::remove_cvref_t<U>, Result>)&&(
        !std::is_same_v<std::remove_cvref_t<U>, Denied>)&&(!std::is_same_v<std::remove_cvref_t<U>, Reason>)
        Result(U&& value)
        : held_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result(Denied denied) : held_(std::in_place_index<1>, std::move(denied)) {}
    Result(Reason reason) : held_(std::in_place_index<1>, Denied{reason}) {}

    bool has_value() const { return held_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return held<0>(held_, "the value of a refusal"); }
    const T& value() const& { return held<0>(held_, "the value of a refusal"); }
    T&& value() && { return std::move(held<0>(held_, "the value of a refusal")); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Denied& error() const& { return held<1>(held_, "the error of a success"); }
    Denied&& error() && { return std::move(held<1>(held_, "the error of a success")); }

private:
    template <std::size_t Index, class Held>
    static auto& held(Held& held, const char* otherwise) {
        auto* wanted = std::get_if<Index>(&held);
        if (wanted == nullptr) abort_on_misuse(otherwise);
        return *wanted;
    }

    std::variant<T, Denied> held_;
};

// Success without a value, or a refusal.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Denied denied) : denied_(std::in_place_index<1>, std::move(denied)) {}
    Result(Reason reason) : denied_(std::in_place_index<1>, Denied{reason}) {}

    bool has_value() const { return denied_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    void value() const {
        if (!has_value()) abort_on_misuse("the value of a refusal");
    }
    const Denied& error() const {
        if (has_value()) abort_on_misuse("the error of a success");
        return std::get<1>(denied_);
    }

private:
    std::variant<std::monostate, Denied> denied_;
};

}  // namespace coatcheck::base
