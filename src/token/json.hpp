// SPDX-License-Identifier: Apache-2.0
// Strict JSON (RFC 8259): Boost.JSON's parser, plus the refusal of duplicate members, which it resolves
// silently.
#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace coatcheck::token {

namespace json = boost::json;

inline constexpr std::size_t max_json_depth = 8;
inline constexpr std::size_t max_json_members = 64;  // in all objects of one text together

// One JSON object. Refuses anything but UTF-8 without BOM, deeper than 8, with over `max_members`:
// malformed_json; and duplicate member names, however escaped: duplicate_member. Also arrays beyond 4096
// elements, strings beyond 64 KiB and exponents of over four digits. `storage` is where the tree is to lie,
// for callers that know how long it lives.
base::Result<json::object> parse_object(std::string_view text, std::size_t max_members = max_json_members,
                                        json::storage_ptr storage = {});

// Any JSON value, under the same rules: for test vectors and single claims.
base::Result<json::value> parse_value(std::string_view text, std::size_t max_members = max_json_members,
                                      json::storage_ptr storage = {});

// The member if it is a string, else nullptr.
const json::string* string_member(const json::object& object, std::string_view name);

}  // namespace coatcheck::token
