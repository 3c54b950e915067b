// SPDX-License-Identifier: Apache-2.0
// Finds the row for a request in a table of routes. A row has a `method` and a `path`; the last segment of
// the path may be a name in braces such as {id}, which stands for any text. The rows of one path stand
// together. The busiest rows come first, because the table is searched from the top.
#pragma once

#include "http/message.hpp"

#include <span>
#include <string>
#include <string_view>

namespace coatcheck::http {

// True if `path` is the one that `pattern` describes. `argument` becomes the text that {id} stands for.
inline bool fits(std::string_view pattern, std::string_view path, std::string_view& argument) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, brace))) return false;
    argument = path.substr(brace);
    return !argument.empty() && argument.find('/') == std::string_view::npos;
}

template <class Row>
struct Match {
    const Row* row = nullptr;        // null: no row has this path with this method
    const Row* same_path = nullptr;  // some row with this path; null: the path is unknown
    std::string allow;               // the value of Allow for a known path, if `row` is null
    std::string_view argument;       // the text that {id} stands for
};

// True if the row answers this method. HEAD is answered like GET, but without the body.
template <class Row>
bool takes(const Row& row, verb method) {
    return row.any_method() || row.method == method || (method == verb::head && row.method == verb::get);
}

template <class Row>
Match<Row> find_route(std::span<const Row> rows, verb method, std::string_view path) {
    Match<Row> match;
    for (const Row& row : rows) {
        if (!fits(row.path, path, match.argument)) continue;
        match.same_path = &row;
        if (takes(row, method)) {
            match.row = &row;
            return match;
        }
        match.allow.append(name_of(row.method)).append(", ");
        if (row.method == verb::get) match.allow += "HEAD, ";
    }
    match.allow += "OPTIONS";
    return match;
}

}  // namespace coatcheck::http
