// SPDX-License-Identifier: Apache-2.0
#include "token/json.hpp"

#include "base/reason.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

namespace coatcheck::token {
namespace {

using base::Denied;
using base::Reason;

constexpr std::size_t max_array_elements = 4096;
constexpr std::size_t max_string_bytes = 64 * 1024;
constexpr std::size_t max_exponent_digits = 4;  // parsers disagree about numbers with longer ones

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Counts the members of all objects in the text: each member has exactly one colon outside strings. If the
// parsed tree has fewer members, the parser has dropped a duplicate. Returns nullopt if an exponent has too
// many digits. For text that is not valid JSON the count means nothing.
std::optional<std::size_t> count_written_members(std::string_view text) {
    std::size_t members = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ':') ++members;
        if ((text[at] == 'e' || text[at] == 'E') && at > 0 && is_digit(text[at - 1])) {
            std::size_t end = at + 1;
            if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
            const std::size_t begin_of_digits = end;
            while (end < text.size() && is_digit(text[end])) ++end;
            if (end - begin_of_digits > max_exponent_digits) return std::nullopt;
        }
        if (text[at] != '"') continue;
        const std::size_t begin = at + 1;
        for (at = text.find('"', begin); at != std::string_view::npos; at = text.find('"', at + 1)) {
            std::size_t escapes = 0;  // a quote after an odd number of backslashes belongs to the string
            while (at - escapes > begin && text[at - escapes - 1] == '\\') ++escapes;
            if (escapes % 2 == 0) break;
        }
        if (at == std::string_view::npos) break;
    }
    return members;
}

// Counts the members of all objects in a value. Returns nullopt if an array or a string exceeds its limit.
std::optional<std::size_t> count_members(const json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count = object->size();
        for (const auto& [key, member] : *object) {
            const auto below = count_members(member);
            if (!below || key.size() > max_string_bytes) return std::nullopt;
            count += *below;
        }
    } else if (const auto* array = value.if_array()) {
        if (array->size() > max_array_elements) return std::nullopt;
        for (const auto& element : *array) {
            const auto below = count_members(element);
            if (!below) return std::nullopt;
            count += *below;
        }
    } else if (const auto* string = value.if_string();
               string != nullptr && string->size() > max_string_bytes) {
        return std::nullopt;
    }
    return count;
}

json::parse_options options() {
    json::parse_options o;
    o.max_depth = max_json_depth;
    return o;
}

}  // namespace

base::Result<json::value> parse_value(std::string_view text, std::size_t max_members,
                                      json::storage_ptr storage) {
    const auto written = count_written_members(text);
    if (!written || *written > max_members) return Denied{Reason::malformed_json};
    boost::system::error_code error;
    json::value value = json::parse(text, error, std::move(storage), options());
    if (error) return Denied{Reason::malformed_json};
    const auto kept = count_members(value);
    if (!kept) return Denied{Reason::malformed_json};
    if (*kept != *written) return Denied{Reason::duplicate_member};
    return value;
}

base::Result<json::object> parse_object(std::string_view text, std::size_t max_members,
                                        json::storage_ptr storage) {
    auto value = parse_value(text, max_members, std::move(storage));
    if (!value) return value.error();
    if (!value->is_object()) return Denied{Reason::malformed_json};
    return std::move(value->get_object());
}

const json::string* string_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_string();
}

}  // namespace coatcheck::token
