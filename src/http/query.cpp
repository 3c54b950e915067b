// SPDX-License-Identifier: Apache-2.0
#include "http/query.hpp"

#include "base/bytes.hpp"
#include "base/numbers.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"

namespace coatcheck::http {

using base::Denied;
using base::Reason;
using base::Result;

std::string_view raw_value(std::string_view text, std::string_view name) {
    std::optional<std::string_view> found;
    each_field(text, [&](std::string_view key, std::string_view value) {
        if (!found && key == name) found = value;
    });
    return found.value_or("");
}

Result<Query> Query::parse(std::string_view text, std::initializer_list<std::string_view> known) {
    Query query;
    const char* problem = nullptr;
    each_field(text, [&](std::string_view name, std::string_view encoded) {
        const auto value = base::from_form(encoded);
        if (std::find(known.begin(), known.end(), name) == known.end())
            problem = "the query has an unknown parameter";
        else if (!value || !base::folded(*value)) problem = "the query is not percent-encoded UTF-8";
        else if (!query.values_.emplace(name, *value).second) problem = "the query repeats a parameter";
    });
    if (problem != nullptr) return Denied{Reason::malformed_request, {}, problem};
    return query;
}

std::optional<std::string> Query::find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::size_t> Query::number(std::string_view name, std::size_t otherwise, std::size_t least,
                                  std::size_t most) const {
    const auto text = find(name);
    if (!text) return otherwise;
    if (const auto number = base::parse_number(*text, least, most)) return *number;
    return Denied{Reason::malformed_request,
                  {},
                  std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most)};
}

}  // namespace coatcheck::http
