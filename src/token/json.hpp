// SPDX-License-Identifier: Apache-2.0
// Strict JSON (RFC 8259): Boost.JSON's parser, which accepts duplicate members silently, plus a check that
// refuses them.
#pragma once

#include "base/result.hpp"

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstring>
#include <string>
#include <string_view>

namespace coatcheck::token {

namespace json = boost::json;

inline constexpr std::size_t max_json_depth = 8;
inline constexpr std::size_t max_json_members = 64;  // in all objects of one text together

// Memory for a JSON tree that lives in one place: for most trees the arena itself, so on the stack if the
// arena is a local variable; the heap only for what does not fit. (Measured before: a third of the
// allocations of a refresh were for JSON.) It is wiped at the end, because an answer may hold tokens.
template <std::size_t Bytes>
class JsonArena {
public:
    JsonArena() : storage_(room_.data(), room_.size()) {}
    JsonArena(const JsonArena&) = delete;
    ~JsonArena() { ::explicit_bzero(room_.data(), Bytes); }
    operator json::storage_ptr() { return &storage_; }

private:
    std::array<unsigned char, Bytes> room_;
    json::monotonic_resource storage_;
};

// Parses one JSON object. Returns malformed_json for anything but UTF-8 without BOM, for more than 8 levels,
// for more than `max_members` members, for arrays of more than 4096 elements, for strings of more than 64
// KiB, and for exponents of more than four digits. Returns duplicate_member if one object has a name twice,
// however it is escaped. The tree is allocated in `storage`, for callers that know how long it lives.
base::Result<json::object> parse_object(std::string_view text, std::size_t max_members = max_json_members,
                                        json::storage_ptr storage = {});

// Parses any JSON value under the same rules, for the feed, single claims and test vectors.
base::Result<json::value> parse_value(std::string_view text, std::size_t max_members = max_json_members,
                                      json::storage_ptr storage = {});

// The member if it exists and is a string, else nullptr.
const json::string* string_member(const json::object& object, std::string_view name);

}  // namespace coatcheck::token
