// SPDX-License-Identifier: Apache-2.0
#include "token/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;

// Counts members as they are written. A tree that holds fewer has swallowed a duplicate.
struct MemberCounter {
    static constexpr std::size_t max_object_size = 1024;
    static constexpr std::size_t max_array_size = 4096;
    static constexpr std::size_t max_key_size = 16 * 1024;
    static constexpr std::size_t max_string_size = 64 * 1024;
    std::size_t members = 0;

    using error = boost::system::error_code;
    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_object_begin(error&) { return true; }
    bool on_object_end(std::size_t n, error&) { members += n; return true; }
    bool on_array_begin(error&) { return true; }
    bool on_array_end(std::size_t, error&) { return true; }
    bool on_key_part(json::string_view, std::size_t, error&) { return true; }
    bool on_key(json::string_view, std::size_t, error&) { return true; }
    bool on_string_part(json::string_view, std::size_t, error&) { return true; }
    bool on_string(json::string_view, std::size_t, error&) { return true; }
    bool on_number_part(json::string_view, error&) { return true; }
    bool on_int64(std::int64_t, json::string_view, error&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, error&) { return true; }
    bool on_double(double, json::string_view, error&) { return true; }
    bool on_bool(bool, error&) { return true; }
    bool on_null(error&) { return true; }
    bool on_comment_part(json::string_view, error&) { return true; }
    bool on_comment(json::string_view, error&) { return true; }
};

std::size_t count_members(const json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count += object->size();
        for (const auto& [key, member] : *object) count += count_members(member);
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array) count += count_members(element);
    }
    return count;
}

json::parse_options options() {
    json::parse_options o;
    o.max_depth = max_json_depth;
    return o;
}

}  // namespace

base::Result<json::value> parse_value(std::string_view text, std::size_t max_members) {
    boost::system::error_code error;
    json::basic_parser<MemberCounter> counter(options());
    const std::size_t used = counter.write_some(false, text.data(), text.size(), error);
    if (error || used != text.size() || !counter.done()) return Denied{Reason::malformed_json};
    if (counter.handler().members > max_members) return Denied{Reason::malformed_json};
    json::value value = json::parse(text, error, {}, options());
    if (error) return Denied{Reason::malformed_json};
    if (count_members(value) != counter.handler().members) return Denied{Reason::duplicate_member};
    return value;
}

base::Result<json::object> parse_object(std::string_view text, std::size_t max_members) {
    auto value = parse_value(text, max_members);
    if (!value) return value.error();
    if (!value->is_object()) return Denied{Reason::malformed_json};
    return std::move(value->get_object());
}

const json::string* string_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_string();
}

}  // namespace coatcheck::token
