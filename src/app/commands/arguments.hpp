// SPDX-License-Identifier: Apache-2.0
// Functions that several commands use: to read their arguments, which come as JSON from the command line or
// through the control socket, and to refuse a command.
#pragma once

#include "app/commands/commands.hpp"
#include "auth/store.hpp"
#include "base/result.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coatcheck::app {

inline constexpr std::size_t most_rows = 1000;  // in one listing

// The operator made a mistake; what() is the sentence to print.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// Throws Refused with the sentence for this refusal.
[[noreturn]] void refuse(const base::Denied& denied);
// Returns the value of a success. Throws Refused for a refusal.
template <class Value>
Value required(base::Result<Value> result) {
    if (!result) refuse(result.error());
    return *std::move(result);
}

// The operator, as the actor of an audit event. The address is empty.
inline const auth::Actor operator_here("");

// An argument; empty if it is absent.
std::string text_of(const boost::json::object& request, std::string_view name);
std::vector<std::string> list_of(const boost::json::object& request, std::string_view name);

// Finds the user whose name, e-mail address or id is the argument "name". Throws Refused.
auth::User load_user(auth::ReadStore& store, const boost::json::object& request);

// Calls change(store, user) in a step, for the user of load_user(). Returns the reply "`done` USERNAME".
template <class Change>
Reply on_user(Node& node, const boost::json::object& request, const std::string& done, Change change) {
    std::string name;
    node.store().run([&](auth::Store& store) {
        const auto user = load_user(store, request);
        name = user.username;
        change(store, user);
    });
    return {0, done + " " + name + "\n", {{"username", name}}, ""};
}

}  // namespace coatcheck::app
