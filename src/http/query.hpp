// SPDX-License-Identifier: Apache-2.0
// Reads application/x-www-form-urlencoded text (WHATWG URL §5.1): a query, or the body of a form.
#pragma once

#include "base/result.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace coatcheck::http {

// Calls visit(name, value) for each field, in order. Both are still percent-encoded.
template <class Visit>
void each_field(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        visit(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    }
}

// The first value with that name, still percent-encoded; empty if there is none.
std::string_view raw_value(std::string_view text, std::string_view name);

// A query with known parameters only. An unknown parameter is refused, because the client would expect an
// effect from it.
class Query {
public:
    // malformed_request: a parameter that is not in `known`, one that occurs twice, or one that is not
    // percent-encoded UTF-8.
    static base::Result<Query> parse(std::string_view text, std::initializer_list<std::string_view> known);

    // The decoded value; nullopt if the parameter is absent.
    std::optional<std::string> find(std::string_view name) const;
    // The decoded value; empty if the parameter is absent.
    std::string text(std::string_view name) const { return find(name).value_or(""); }
    // The value as a number from `least` to `most`; `otherwise` if the parameter is absent; malformed_request
    // if it is anything else.
    base::Result<std::size_t> number(std::string_view name, std::size_t otherwise, std::size_t least,
                                     std::size_t most) const;

private:
    std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace coatcheck::http
